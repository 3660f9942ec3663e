using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using DbMigrate.Engine.Targets;

namespace DbMigrate.Engine.Migrations;

/// <summary>
/// The record of one run: a file of JSON lines, the first of which says what runs and from which moment on, each other one what became of a migration, and the
/// last one that the run has ended. Lines are written as things happen, so that a run that is killed leaves what is known. It holds no
/// SQL, no values and no password.
/// </summary>
public sealed class RunRecord : IDisposable
{
    private const string Variable = "DBMIGRATE_RUNS";
    private const string Extension = ".jsonl";
    private const string End = "{\"end\":true}";

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };

    private readonly string _id;
    private readonly MessageLevel _trouble;
    private readonly IEngineObserver _observer;
    private StreamWriter? _writer;

    private RunRecord(string id, MessageLevel trouble, IEngineObserver observer)
    {
        (_id, _trouble, _observer) = (id, trouble, observer);
    }

    /// <summary>
    /// The folder for records where none is named: <c>DBMIGRATE_RUNS</c>, else the user's own for what programs remember, which is
    /// <c>$XDG_STATE_HOME/dbmigrate/runs</c>, <c>~/.local/state/dbmigrate/runs</c> or <c>%LOCALAPPDATA%\dbmigrate\runs</c>.
    /// </summary>
    public static string UsualFolder(Func<string, string?> environment) => environment(Variable) is { Length: > 0 } named
        ? Path.GetFullPath(named)
        : Path.Combine(UserFolder.State(environment), "dbmigrate", "runs");

    /// <summary>The runs that a folder has records of, the newest first; none when there is no such folder.</summary>
    /// <param name="folder">The folder; null for the usual one.</param>
    /// <param name="observer">Told of files that cannot be read.</param>
    public static IEnumerable<MigrationRun> List(string? folder, IEngineObserver observer)
    {
        folder ??= UsualFolder(Environment.GetEnvironmentVariable);
        if (!Directory.Exists(folder))
        {
            yield break;
        }

        foreach (var path in Directory.EnumerateFiles(folder, "*" + Extension).OrderDescending(StringComparer.Ordinal))
        {
            MigrationRun? run = null;
            try
            {
                run = Read(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
            {
                observer.Message(MessageLevel.Warning, $"{path} is no record of a run, or cannot be read: {e.Message}");
            }

            if (run is not null)
            {
                yield return run;
            }
        }
    }

    /// <summary>Begins a record. A run is not stopped by a record that cannot be written.</summary>
    internal static RunRecord Begin(MigrationRun run, string? folder, IEngineObserver observer)
    {
        // A container has often no place for it, and nobody has asked for one.
        var isWanted = folder is not null || Environment.GetEnvironmentVariable(Variable) is { Length: > 0 };
        var record = new RunRecord(run.Id, isWanted ? MessageLevel.Warning : MessageLevel.Verbose, observer);
        record.Try(() =>
        {
            folder ??= UsualFolder(Environment.GetEnvironmentVariable);
            Directory.CreateDirectory(folder);
            var path = Path.Combine(folder, run.Id + Extension);
            record._writer = new StreamWriter(path, new UTF8Encoding(false), new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.Read })
            {
                AutoFlush = true,
            };
            record.Write(json =>
            {
                json.WriteString("id", run.Id);
                json.WriteBoolean("isUndo", run.IsUndo);
                json.WriteString("database", run.Database);
                json.WriteString("folder", run.Folder);
                json.WriteString("format", run.Format.ToString());
                json.WriteString("runBy", run.RunBy);
                Write(json, run.RestorePoint);
            });
            observer.Message(MessageLevel.Verbose, $"The run is recorded in {path}.");
        });
        return record;
    }

    /// <summary>A name that sorts by time.</summary>
    internal static string NewId(DateTimeOffset at) =>
        string.Create(CultureInfo.InvariantCulture, $"{at.UtcDateTime:yyyyMMddTHHmmss}-{RandomNumberGenerator.GetHexString(6, lowercase: true)}");

    /// <summary>Takes note of what became of a migration.</summary>
    internal void Add(MigrationResult result) => Try(() => Write(json =>
    {
        json.WriteString("version", result.Version);
        json.WriteString("name", result.Name);
        json.WriteString("outcome", result.Outcome.ToString());
        json.WriteString("duration", result.Duration.ToString("c", CultureInfo.InvariantCulture));
        if (result.Error?.SqlState is { } state)
        {
            json.WriteString("sqlState", state);
        }

        if (result.RestorePoint is { } point)
        {
            Write(json, point);
        }
    }));

    /// <summary>Takes note that the run has ended by itself.</summary>
    internal void Finish() => Try(() => _writer?.WriteLine(End));

    /// <inheritdoc/>
    public void Dispose() => Try(() => _writer?.Dispose());

    private static void Write(Utf8JsonWriter json, RestorePoint point)
    {
        json.WriteStartObject("restorePoint");
        json.WriteString("at", point.At);
        json.WriteString("lsn", point.Lsn);
        json.WriteString("systemId", point.SystemId);
        json.WriteString("database", point.Database);
        json.WriteString("snapshotId", point.SnapshotId);
        json.WriteEndObject();
    }

    // By hand: a serializer's first use would cost a short run a tenth of its time.
    private void Write(Action<Utf8JsonWriter> members)
    {
        if (_writer is null)
        {
            return;
        }

        var line = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(line))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        _writer.WriteLine(Encoding.UTF8.GetString(line.WrittenSpan));
    }

    private static MigrationRun? Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(file);
        MigrationRun? run = null;
        var steps = new List<MigrationRunStep>();
        var isFinished = false;
        while (reader.ReadLine() is { } line)
        {
            try
            {
                if (run is null)
                {
                    run = JsonSerializer.Deserialize<MigrationRun>(line, s_json);
                }
                else if (line == End)
                {
                    isFinished = true;
                }
                else if (JsonSerializer.Deserialize<MigrationRunStep>(line, s_json) is { } step)
                {
                    steps.Add(step);
                }
            }
            catch (JsonException) when (run is not null && reader.EndOfStream)
            {
                // The line that a killed run was writing.
            }
        }

        return run is null ? null : run with { Migrations = steps, IsFinished = isFinished, Path = path };
    }

    private void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            _writer = null;
            _observer.Message(_trouble, $"The run {_id} is not recorded: {e.Message} Name another folder with -RecordFolder (--record-folder).");
        }
    }
}
