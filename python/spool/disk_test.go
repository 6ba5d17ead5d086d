package spool

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// openFiles returns the names of this process's open files that are, or were, in dir.
func openFiles(t *testing.T, dir string) []string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("open files are listed in /proc")
	}
	fds, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	var names []string
	for _, fd := range fds {
		name, err := os.Readlink(filepath.Join("/proc/self/fd", fd.Name()))
		if err == nil && strings.HasPrefix(name, dir+"/") { // the listing's own is closed already
			names = append(names, name)
		}
	}
	return names
}

// assertNoFile holds that dir has no file, neither by name nor open.
func assertNoFile(t *testing.T, dir string) {
	t.Helper()
	assertNoName(t, dir)
	if runtime.GOOS == "linux" {
		assert.Empty(t, openFiles(t, dir))
	}
}

func assertNoName(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, entries)
}

func TestTempFileHasNoName(t *testing.T) {
	ways := map[string]func(dir string) (*os.File, error){
		"as the system can": TempFile,
		"by unlinking it":   unlinked,
	}
	for name, open := range ways {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			f, err := open(dir)
			require.NoError(t, err)
			assertNoName(t, dir)
			_, err = f.WriteString("abc")
			require.NoError(t, err)
			_, err = f.Seek(0, io.SeekStart)
			require.NoError(t, err)
			got, err := io.ReadAll(f)
			require.NoError(t, err)
			assert.Equal(t, "abc", string(got))
			require.NoError(t, f.Close())
			assertNoFile(t, dir)
		})
	}
}

func TestTempFileIsTheOwnersAlone(t *testing.T) {
	f, err := TempFile(t.TempDir())
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	info, err := f.Stat()
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestTempFileInADirectoryThatIsMissing(t *testing.T) {
	f, err := TempFile(filepath.Join(t.TempDir(), "missing"))
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.Nil(t, f)
}

func TestSmallBodiesMakeNoFile(t *testing.T) {
	dir := t.TempDir()
	s := New(Limits{Memory: 4, File: 4, Dir: dir})
	defer finish(s)
	_, err := s.Write([]byte("abcd"))
	require.NoError(t, err)
	assert.Nil(t, s.disk.file)
}

func TestTheFileIsUnlinkedAndClosed(t *testing.T) {
	ends := map[string]func(s *Spool){
		"when the writer ends last":  func(s *Spool) { s.Close(); s.End(nil) },
		"when the reader closes":     func(s *Spool) { s.End(nil); s.Close() },
		"when both do so twice":      func(s *Spool) { s.End(nil); s.End(nil); s.Close(); s.Close() },
		"when all was read before":   func(s *Spool) { _, _ = io.CopyN(io.Discard, s, 8); s.End(nil); s.Close() },
		"when the writer has failed": func(s *Spool) { s.End(io.ErrUnexpectedEOF); s.Close() },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := New(Limits{Memory: 4, File: 4, Dir: dir})
			_, err := s.Write([]byte("abcdEFGH"))
			require.NoError(t, err)
			assertNoName(t, dir)
			require.Len(t, openFiles(t, dir), 1)
			end(s)
			assertNoFile(t, dir)
		})
	}
}

// The writer may be about to make or fill the file when the reader leaves; the file stays until it has ended, too.
func TestTheFileStaysForAWriterThatHasNotEnded(t *testing.T) {
	dir := t.TempDir()
	s := New(Limits{Memory: 4, File: 4, Dir: dir})
	_, err := s.Write([]byte("abcdE"))
	require.NoError(t, err)
	s.Close()
	assert.Len(t, openFiles(t, dir), 1)
	s.End(nil)
	assertNoFile(t, dir)
}

// transfer sends a body through a spool and returns what came out.
func transfer(t *testing.T, s *Spool, body []byte) []byte {
	t.Helper()
	defer s.Close()
	writing := later(func() (int, error) {
		defer s.End(nil)
		return s.Write(body)
	})
	got, err := io.ReadAll(s)
	require.NoError(t, err)
	require.Equal(t, outcome{int64(len(body)), nil}, <-writing)
	return got
}

func TestDiskThatFailsMakesTheSpoolSmallerNotTheBodyShorter(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789"), 1000)
	t.Run("from the start", func(t *testing.T) {
		s := New(Limits{Memory: 7, File: 1 << 20, Dir: filepath.Join(t.TempDir(), "missing")})
		assert.Equal(t, body, transfer(t, s, body))
		assert.True(t, s.disk.bad)
	})
	t.Run("with bytes in the file", func(t *testing.T) {
		dir := t.TempDir()
		s := New(Limits{Memory: 7, File: 1 << 20, Dir: dir})
		_, err := s.Write(body[:100])
		require.NoError(t, err)
		good := s.disk.file
		s.disk.file = readOnly(t, good)
		assert.Equal(t, body, transfer(t, s, body[100:]))
		assert.True(t, s.disk.bad)
		require.NoError(t, good.Close())
		assertNoFile(t, dir)
	})
}

// readOnly returns the same file, open for reading only: each write to it fails.
func readOnly(t *testing.T, f *os.File) *os.File {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("a file without a name is opened again by /proc")
	}
	again, err := os.Open(fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
	require.NoError(t, err)
	return again
}

// TestDiskThatIsFull runs itself again in a process that may write 64 bytes into a file: the first writes succeed, one
// is cut short in the middle, and the others fail.
func TestDiskThatIsFull(t *testing.T) {
	const mark = "FOREBAY_TEST_FULL_DISK"
	if os.Getenv(mark) == "" {
		self, err := os.Executable()
		require.NoError(t, err)
		cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestDiskThatIsFull$")
		cmd.Env = append(os.Environ(), mark+"=1")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		return
	}
	signal.Ignore(syscall.SIGXFSZ)
	var before syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before))
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 64, Max: before.Max}))
	t.Cleanup(func() { // the process may still have a profile to write
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before))
	})
	body := bytes.Repeat([]byte("0123456789"), 100)
	dir := t.TempDir()
	s := New(Limits{Memory: 10, File: 1000, Dir: dir})
	_, err := s.Write(body[:40])
	require.NoError(t, err)
	assert.Equal(t, int64(30), s.disk.end, "the disk is good so far")
	assert.Equal(t, body, transfer(t, s, body[40:]))
	assert.True(t, s.disk.bad)
	assertNoFile(t, dir)
}

// A body that cannot be read back is cut, never ended as if it were whole.
func TestFileThatCannotBeReadBackIsAnError(t *testing.T) {
	tests := map[string]func(f *os.File) error{
		"broken":    func(f *os.File) error { return f.Close() },
		"truncated": func(f *os.File) error { return f.Truncate(0) },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			s := New(Limits{Memory: 4, File: 10, Dir: t.TempDir()})
			defer finish(s)
			_, err := s.Write([]byte("abcdEFGH"))
			require.NoError(t, err)
			s.End(nil)
			require.NoError(t, spoil(s.disk.file))
			assert.Equal(t, "abcd", readAvailable(t, s, 4))
			_, err = s.Read(make([]byte, 10))
			require.Error(t, err)
			assert.NotErrorIs(t, err, io.EOF)
		})
	}
}
