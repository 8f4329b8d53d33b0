using System.Collections.Concurrent;
using System.Globalization;

namespace Postreiter.Storage.Sql.Tests.Faults;

/// <summary>
/// One disk in memory for the database and the contents alike. It counts every call, fails those it is told to, and
/// knows what a crash would leave. All it chooses comes from its randomness.
/// </summary>
internal sealed class SimulatedDisk : IDisposable
{
    private static readonly ConcurrentDictionary<string, SimulatedDisk> All = new(StringComparer.Ordinal);
    private static int s_last;
    private readonly Lock _lock = new();
    private readonly Random _random;
    private readonly Dictionary<string, SimulatedFile> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SimulatedFile> _durableNames = new(StringComparer.Ordinal);
    private readonly List<NameChange> _unsyncedNames = [];
    private long _order;
    private DiskFault? _fault;
    private int _matched;
    private Func<DiskCall, string, bool>? _held;
    private readonly ManualResetEventSlim _release = new(true);
    private readonly SemaphoreSlim _reached = new(0);

    public SimulatedDisk(Random random)
    {
        _random = random;
        Folder = "/disk" + Interlocked.Increment(ref s_last).ToString(CultureInfo.InvariantCulture);
        All[Folder] = this;
    }

    /// <summary>Where the database of this disk lies for <see cref="SimulatedVfs"/>.</summary>
    public string Folder { get; }

    /// <summary>Bytes free and in all.</summary>
    public (long Free, long Total) Space { get; set; } = (1L << 40, 1L << 41);

    /// <summary>Called with the disk held still in the middle of each call that changes what is, or is to be, durable.</summary>
    public Action<SimulatedDisk>? Changing { get; set; }

    /// <summary>Syncs that say yes and do nothing: a disk that lies.</summary>
    public Func<DiskCall, string, bool>? Ignores { get; set; }

    /// <summary>Called with every call, for the log of a test.</summary>
    public Action<DiskCall, string>? Called { get; set; }

    /// <summary>How often a fault was met since it was set.</summary>
    public int Failures { get; private set; }

    /// <summary>Finds the disk of a path, and the name on it.</summary>
    public static (SimulatedDisk Disk, string Name) Of(string path)
    {
        var end = path.IndexOf('/', 1);
        return (All[path[..end]], path[(end + 1)..]);
    }

    public void Dispose()
    {
        All.TryRemove(Folder, out _);
        _release.Dispose();
        _reached.Dispose();
    }

    /// <summary>Puts a file on it, durable.</summary>
    public void Put(string name, byte[] bytes)
    {
        lock (_lock)
            _names[name] = _durableNames[name] = new SimulatedFile([.. bytes]);
    }

    /// <summary>Sets the fault, or with null ends it.</summary>
    public void Fail(DiskFault? fault)
    {
        lock (_lock)
            (_fault, _matched, Failures) = (fault, 0, 0);
    }

    /// <summary>Ends the fault; how often it was met stays.</summary>
    public void Heal()
    {
        lock (_lock)
            _fault = null;
    }

    /// <summary>Keeps matching calls waiting until <see cref="Release"/>.</summary>
    public void Hold(Func<DiskCall, string, bool> where)
    {
        _release.Reset();
        _held = where;
    }

    /// <summary>Waits until a call is held.</summary>
    public Task HeldAsync(CancellationToken ct) => _reached.WaitAsync(ct);

    /// <summary>Lets calls go on.</summary>
    public void Release()
    {
        _held = null;
        _release.Set();
    }

    /// <summary>The disk as a crash now leaves it.</summary>
    public SimulatedDisk AfterCrash(Loss loss, Random random)
    {
        lock (_lock)
        {
            var after = new SimulatedDisk(random) { Space = Space };
            var cut = loss == Loss.Later ? random.NextInt64(_order + 2) : 0;
            var copies = new Dictionary<SimulatedFile, SimulatedFile>();
            foreach (var (name, file) in NamesAfter(loss, random, cut).OrderBy(n => n.Key, StringComparer.Ordinal))
            {
                if (!copies.TryGetValue(file, out var copy))
                    copies[file] = copy = new SimulatedFile(file.Survive(loss, random, cut));
                after._names[name] = after._durableNames[name] = copy;
            }

            return after;
        }
    }

    public IReadOnlyList<string> List(string folder)
    {
        Wait(DiskCall.List, folder);
        lock (_lock)
        {
            Meet(DiskCall.List, folder);
            return [.. _names.Keys.Where(n => n.StartsWith(folder, StringComparison.Ordinal)).Order()];
        }
    }

    public SimulatedFile Open(string name, bool create, bool syncsName = false)
    {
        Wait(DiskCall.Open, name);
        lock (_lock)
        {
            Meet(create && !_names.ContainsKey(name) ? DiskCall.Create : DiskCall.Open, name);
            if (_names.TryGetValue(name, out var file))
                return file;
            if (!create)
                throw new FileNotFoundException("not there", name);
            file = new SimulatedFile { SyncsName = syncsName };
            Change(new NameChange(++_order, name, file, null));
            return file;
        }
    }

    public void Rename(string from, string to)
    {
        Wait(DiskCall.Rename, to);
        lock (_lock)
        {
            Meet(DiskCall.Rename, to);
            if (!_names.TryGetValue(from, out var file))
                throw new FileNotFoundException("not there", from);
            Change(new NameChange(++_order, to, file, from));
        }
    }

    /// <returns>False when it was not there.</returns>
    public bool Delete(string name)
    {
        Wait(DiskCall.Delete, name);
        lock (_lock)
        {
            Meet(DiskCall.Delete, name);
            if (!_names.ContainsKey(name))
                return false;
            Change(new NameChange(++_order, name, null, null));
            return true;
        }
    }

    public bool Exists(string name, out int length)
    {
        Wait(DiskCall.Exists, name);
        lock (_lock)
        {
            Meet(DiskCall.Exists, name);
            var there = _names.TryGetValue(name, out var file);
            length = file?.Length ?? 0;
            return there;
        }
    }

    public void SyncNames(string folder)
    {
        Wait(DiskCall.SyncNames, folder);
        lock (_lock)
        {
            Changing?.Invoke(this);
            if (Ignores?.Invoke(DiskCall.SyncNames, folder) == true)
                return;
            var names = _unsyncedNames.Where(n => IsIn(n.Name, folder)).ToList();
            _unsyncedNames.RemoveAll(names.Contains);
            try
            {
                Meet(DiskCall.SyncNames, folder);
            }
            catch (IOException)
            {
                // As with bytes: what did not land is taken for clean.
                names.RemoveAll(_ => _random.Next(2) == 0);
                throw;
            }
            finally
            {
                foreach (var name in names)
                    name.Apply(_durableNames);
            }
        }
    }

    public int Read(string name, SimulatedFile file, long offset, Span<byte> to)
    {
        Wait(DiskCall.Read, name);
        lock (_lock)
        {
            Meet(DiskCall.Read, name);
            return file.Read(offset, to);
        }
    }

    public void Write(string name, SimulatedFile file, long offset, ReadOnlySpan<byte> bytes)
    {
        Wait(DiskCall.Write, name);
        lock (_lock)
        {
            try
            {
                Meet(DiskCall.Write, name);
            }
            catch (IOException)
            {
                // A write that fails may have written its beginning.
                bytes = bytes[.._random.Next(bytes.Length + 1)];
                throw;
            }
            finally
            {
                file.Write(++_order, offset, bytes);
                Changing?.Invoke(this);
            }
        }
    }

    public void Truncate(string name, SimulatedFile file, long length)
    {
        Wait(DiskCall.Truncate, name);
        lock (_lock)
        {
            Meet(DiskCall.Truncate, name);
            file.Truncate(++_order, length);
            Changing?.Invoke(this);
        }
    }

    public int Length(string name, SimulatedFile file)
    {
        Wait(DiskCall.Length, name);
        lock (_lock)
        {
            Meet(DiskCall.Length, name);
            return file.Length;
        }
    }

    public void Sync(string name, SimulatedFile file)
    {
        Wait(DiskCall.Sync, name);
        lock (_lock)
        {
            Changing?.Invoke(this);
            try
            {
                Meet(DiskCall.Sync, name);
            }
            catch (IOException)
            {
                file.LoseSync(_random);
                throw;
            }

            if (Ignores?.Invoke(DiskCall.Sync, name) != true)
                file.Sync();
        }

        if (!file.SyncsName)
            return;
        SyncNames("");
        file.SyncsName = false;
    }

    /// <summary>A call that moves no bytes, under the disk's lock.</summary>
    public T Do<T>(DiskCall call, string name, Func<T> act)
    {
        Wait(call, name);
        lock (_lock)
        {
            Meet(call, name);
            return act();
        }
    }

    /// <summary>What cannot fail, under the disk's lock.</summary>
    public void Do(Action act)
    {
        lock (_lock)
            act();
    }

    /// <summary>Changes one stored byte.</summary>
    public void Damage(string name, int at)
    {
        lock (_lock)
        {
            var file = _names[name];
            Span<byte> one = stackalloc byte[1];
            file.Read(at, one);
            one[0] ^= 1;
            file.Write(++_order, at, one);
            file.Sync();
        }
    }

    // A name may come to lie in a folder below: "" is the database's own.
    private static bool IsIn(string name, string folder) =>
        name.StartsWith(folder, StringComparison.Ordinal) && !name.AsSpan(folder.Length).Contains('/');

    private Dictionary<string, SimulatedFile> NamesAfter(Loss loss, Random random, long cut)
    {
        if (loss == Loss.ProcessOnly)
            return _names;
        var names = new Dictionary<string, SimulatedFile>(_durableNames, StringComparer.Ordinal);
        foreach (var change in _unsyncedNames)
        {
            if (loss == Loss.Later ? change.Order < cut : loss == Loss.Scattered && random.Next(2) == 0)
                change.Apply(names);
        }

        return names;
    }

    private void Change(NameChange change)
    {
        change.Apply(_names);
        _unsyncedNames.Add(change);
        Changing?.Invoke(this);
    }

    private void Meet(DiskCall call, string name)
    {
        Called?.Invoke(call, name);
        if (_fault is not { } fault || (fault.Where is { } where && !where(call, name)))
            return;
        if (fault.Error == DiskError.NoSpace && !DiskFault.TakesRoom(call))
            return;
        _matched++;
        if (fault.IsLasting ? _matched < fault.At : _matched != fault.At)
            return;
        Failures++;
        throw new IOException($"{call} of '{name}' failed: {fault.Error}", (int)fault.Error);
    }

    private void Wait(DiskCall call, string name)
    {
        if (_held?.Invoke(call, name) != true)
            return;
        _reached.Release();
        _release.Wait(CancellationToken.None);
    }

    private sealed record NameChange(long Order, string Name, SimulatedFile? File, string? Was)
    {
        public void Apply(Dictionary<string, SimulatedFile> names)
        {
            if (Was is not null)
                names.Remove(Was);
            if (File is null)
                names.Remove(Name);
            else
                names[Name] = File;
        }
    }
}
