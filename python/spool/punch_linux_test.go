package spool

import (
	"bytes"
	"math"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// onDisk returns how many bytes of the disk a file has.
func onDisk(t *testing.T, f *os.File) int64 {
	t.Helper()
	info, err := f.Stat()
	require.NoError(t, err)
	return info.Sys().(*syscall.Stat_t).Blocks * 512
}

// holes skips the test where the file system has no holes.
func holes(t *testing.T, dir string) {
	t.Helper()
	f, err := TempFile(dir)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	_, err = f.Write(make([]byte, 1<<16))
	require.NoError(t, err)
	if err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, 1<<16); err != nil {
		t.Skip("no holes in files of", dir, err)
	}
}

// A client that is always a little behind the application does not make it walk round the whole ring.
func TestFileHoldsAboutWhatWaits(t *testing.T) {
	dir := t.TempDir()
	holes(t, dir)
	const waits, ring = 300_000, 10 * freeStep
	s := New(Limits{Memory: 1, File: ring, Dir: dir})
	defer finish(s)
	write := func(n int) {
		_, err := s.Write(bytes.Repeat([]byte{byte(n % 251)}, n))
		require.NoError(t, err)
	}
	write(waits)
	most := int64(0)
	for range 3 * ring / 100_000 { // three times round
		write(100_000)
		got := readAvailable(t, s, 100_000)
		require.Len(t, got, 100_000)
		most = max(most, onDisk(t, s.disk.file))
	}
	assert.Less(t, most, int64(waits+2*freeStep))
}

// What was read is given back only where the writer has not come round to it: TestBytesComeInOrder with rings of the size
// at which this matters.
func TestBlocksThatTheWriterUsesAgainStay(t *testing.T) {
	for ring := int64(freeStep - 10_000); ring < 3*freeStep; ring += 333_333 {
		s := New(Limits{Memory: 1, File: ring, Dir: t.TempDir()})
		body := make([]byte, 4*ring)
		for i := range body {
			body[i] = byte(i>>10) ^ byte(i)
		}
		writing := later(func() (int64, error) { return writeRandomly(s, body, uint64(ring), 200_000) })
		got := readRandomly(t, s, uint64(ring), 150_000)
		assert.Equal(t, outcome{int64(len(body)), nil}, <-writing)
		assert.True(t, bytes.Equal(body, got), "ring of %d", ring)
		s.Close()
	}
}

func TestFileIsUsedFromItsBeginningWhenItWasReadOut(t *testing.T) {
	s := New(Limits{Memory: 1, File: math.MaxInt64, Dir: t.TempDir()})
	defer finish(s)
	for range 3 {
		_, err := s.Write(make([]byte, 50_001))
		require.NoError(t, err)
		readAvailable(t, s, 50_001)
	}
	info, err := s.disk.file.Stat()
	require.NoError(t, err)
	assert.Equal(t, int64(50_000), info.Size())
}

// The application may go on for long after the client has left.
func TestDiskIsFreeWhenTheReaderHasLeft(t *testing.T) {
	s := New(Limits{Memory: 1, File: 1 << 20, Dir: t.TempDir()})
	_, err := s.Write(make([]byte, 1<<20))
	require.NoError(t, err)
	s.Close()
	assert.Zero(t, onDisk(t, s.disk.file))
	s.End(nil)
}

// tinyDisk returns the directory of a file system with so many bytes.
func tinyDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skip("it takes root to make a file system:", err)
	}
	t.Cleanup(func() { assert.NoError(t, unix.Unmount(dir, 0), "something in it is still open") })
	return dir
}

// A spool whose disk is full is smaller; its body is whole, and so are those of others that share the disk.
func TestDiskWithoutSpace(t *testing.T) {
	dir := tinyDisk(t, "64k")
	var failures []error
	failed := func(err error) { failures = append(failures, err) }
	other := New(Limits{Memory: 1, File: 1 << 20, Dir: dir})
	_, err := other.Write([]byte("abcdefgh"))
	require.NoError(t, err)

	body := make([]byte, 500_000)
	for i := range body {
		body[i] = byte(i >> 8)
	}
	s := New(Limits{Memory: 2 * PieceSize, File: 1 << 30, Dir: dir, Failed: failed})
	assert.True(t, bytes.Equal(body, transfer(t, s, body)))
	assert.True(t, s.disk.bad)
	require.Len(t, failures, 1, "it is told once")
	assert.ErrorIs(t, failures[0], syscall.ENOSPC)

	assert.Equal(t, "abcdefgh", readAvailable(t, other, 8))
	finish(other)
	third := New(Limits{Memory: 1, File: 1 << 20, Dir: dir, Failed: failed})
	assert.Equal(t, body[:60_000], transfer(t, third, body[:60_000]))
	assert.Len(t, failures, 1, "the space is there again")
}
