using Postreiter.Storage.Blobs.Segments;

namespace Postreiter.Storage.Sql.Tests.Faults;

/// <summary>The folder of contents on a <see cref="SimulatedDisk"/>.</summary>
internal sealed class SimulatedBlobFiles(SimulatedDisk disk) : IBlobFiles
{
    public const string Folder = "blobs/";

    public IReadOnlyList<string> List() => [.. disk.List(Folder).Select(n => n[Folder.Length..])];

    public IBlobFile Open(string name, bool create) =>
        new Handle(disk, Folder + name, disk.Open(Folder + name, create));

    public void Rename(string from, string to) => disk.Rename(Folder + from, Folder + to);

    public void Delete(string name) => disk.Delete(Folder + name);

    public void SyncDirectory() => disk.SyncNames(Folder);

    public (long Free, long Total) Space() => disk.Do(DiskCall.Space, Folder, () => disk.Space);

    private sealed class Handle(SimulatedDisk disk, string name, SimulatedFile file) : IBlobFile
    {
        private bool _isClosed;

        public long Length => disk.Length(name, Open());

        public int Read(long offset, Span<byte> buffer) => disk.Read(name, Open(), offset, buffer);

        public void Write(long offset, ReadOnlySpan<byte> bytes) => disk.Write(name, Open(), offset, bytes);

        public void Truncate(long length) => disk.Truncate(name, Open(), length);

        public void Sync() => disk.Sync(name, Open());

        public void Dispose() => _isClosed = true;

        private SimulatedFile Open()
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            return file;
        }
    }
}
