using Microsoft.Data.Sqlite;

namespace DatabaseCache;

/// <summary>The catalogue in SQLite, which is the truth; for any number of threads at once.</summary>
internal sealed class ProductDatabase
{
    private const string Schema = """
        PRAGMA journal_mode = WAL;
        CREATE TABLE IF NOT EXISTS product
            (id INTEGER PRIMARY KEY, name TEXT NOT NULL, category TEXT NOT NULL, price_cents INTEGER NOT NULL);
        CREATE INDEX IF NOT EXISTS product_by_category ON product (category, price_cents);
        INSERT INTO product
            SELECT column1, column2, column3, column4
            FROM (VALUES (1, 'hammer', 'tools', 1999), (2, 'saw', 'tools', 2499), (3, 'tulip', 'garden', 350))
            WHERE NOT EXISTS (SELECT 1 FROM product);
        """;

    private readonly string _connectionString;
    private long _queries;

    /// <param name="path">The file, which is made with three products if it is not there.</param>
    /// <exception cref="SqliteException">It cannot be opened.</exception>
    public ProductDatabase(string path)
    {
        _connectionString = new SqliteConnectionStringBuilder { DataSource = path }.ToString();
        using SqliteConnection connection = Open();
        using SqliteCommand command = Command(connection, Schema);
        command.ExecuteNonQuery();
    }

    /// <summary>How often it was read from so far: what the cache is there to keep low.</summary>
    public long Queries => Interlocked.Read(ref _queries);

    /// <returns>The product; null: there is none.</returns>
    public Product? Find(long id)
    {
        const string Text = "SELECT id, name, category, price_cents FROM product WHERE id = $id";
        return Query(Text, ("$id", id)).SingleOrDefault();
    }

    /// <summary>The products of a category below a price, the cheapest first.</summary>
    public IReadOnlyList<Product> List(string category, long belowCents)
    {
        const string Text = """
            SELECT id, name, category, price_cents FROM product
            WHERE category = $category AND price_cents < $below ORDER BY price_cents, id LIMIT 100
            """;
        return Query(Text, ("$category", category), ("$below", belowCents));
    }

    /// <summary>Writes a product, new or not.</summary>
    /// <returns>The category that it had before; null: it is new.</returns>
    public string? Put(Product product) => Change(
        product.Id,
        "INSERT OR REPLACE INTO product (id, name, category, price_cents) VALUES ($id, $name, $category, $price)",
        ("$name", product.Name),
        ("$category", product.Category),
        ("$price", product.PriceCents));

    /// <summary>Deletes a product.</summary>
    /// <returns>The category that it had; null: there was none.</returns>
    public string? Delete(long id) => Change(id, "DELETE FROM product WHERE id = $id");

    private List<Product> Query(string text, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        Interlocked.Increment(ref _queries);
        using SqliteConnection connection = Open();
        using SqliteCommand command = Command(connection, text, parameters);
        using SqliteDataReader reader = command.ExecuteReader();
        List<Product> products = [];
        while (reader.Read())
        {
            products.Add(new(reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetInt64(3)));
        }

        return products;
    }

    /// <summary>Changes a product, and returns the category that it had, in one transaction.</summary>
    private string? Change(long id, string text, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using SqliteConnection connection = Open();
        using SqliteTransaction transaction = connection.BeginTransaction();
        using SqliteCommand before = Command(connection, "SELECT category FROM product WHERE id = $id", ("$id", id));
        using SqliteCommand change = Command(connection, text, [("$id", id), .. parameters]);
        before.Transaction = change.Transaction = transaction;
        string? category = (string?)before.ExecuteScalar();
        change.ExecuteNonQuery();
        transaction.Commit();
        return category;
    }

    private SqliteConnection Open()
    {
        SqliteConnection connection = new(_connectionString);
        connection.Open();
        return connection;
    }

    private static SqliteCommand Command(
        SqliteConnection connection, string text, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        SqliteCommand command = new(text, connection);
        foreach ((string name, object value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }
}
