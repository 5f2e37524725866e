"""Checks of the scripts in Python; run has the meaning of the lines."""

import sys
import traceback


def load(module, package):
    """The module, after its version is printed; ends the script when it is not installed."""
    try:
        loaded = __import__(module)
    except ImportError:
        print(f"{package} is not installed")
        sys.exit(77)
    print(f"version {loaded.__version__}")
    return loaded


def check(name):
    """Runs the decorated function, which raises when something is wrong, at once."""

    def run(body):
        try:
            body()
            print(f"ok {name}", flush=True)
        except Exception:
            print(f"not ok {name}\n{traceback.format_exc()}", flush=True)

    return run


def check_if(has, word, name):
    """Likewise, if the node has a command, as `has` says."""
    if has(word):
        return check(name)
    print(f"skip {name}: there is no {word.upper()} here", flush=True)
    return lambda body: None


def raises(error, body, *arguments):
    """The text of the error that is raised."""
    try:
        body(*arguments)
    except error as raised:
        return str(raised)
    raise AssertionError(f"no {error.__name__} was raised")
