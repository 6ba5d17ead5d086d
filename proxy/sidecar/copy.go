package sidecar

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"

	"forebay/proxy/coding"
)

// source is a file that copies are made of.
type source struct {
	root *root
	name string
	file *os.File
	info fs.FileInfo
	ctx  context.Context // of one job
}

// errChanged says that a copy would be of a file that is no more.
var errChanged = errors.New("the file changed while it was read")

// open opens the file of a job. The caller closes it.
func (j job) open(ctx context.Context) (*source, error) {
	f, err := openRegular(j.root, j.name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(j.root.path, j.name), rootCause(err))
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close() // nothing was done with it
		return nil, fmt.Errorf("read %s: %w", filepath.Join(j.root.path, j.name), rootCause(err))
	}
	return &source{j.root, j.name, f, info, ctx}, nil
}

// openRegular opens a regular file for reading. Anything else is fs.ErrNotExist; the open of a FIFO waits for nobody.
func openRegular(r *root, name string) (*os.File, error) {
	f, err := r.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		_ = f.Close() // nothing was done with it
		return nil, fs.ErrNotExist
	}
	return f, nil
}

func (s *source) close() { _ = s.file.Close() } // it was only read from

// Read reads the file, until ctx ends.
func (s *source) Read(p []byte) (int, error) {
	if s.ctx.Err() != nil {
		return 0, s.ctx.Err()
	}
	return s.file.Read(p)
}

func (s *source) rewind() error {
	_, err := s.file.Seek(0, io.SeekStart)
	return err
}

// fault says what was being done to a copy.
func (s *source) fault(what string, c coding.Coding, err error) error {
	return fmt.Errorf("%s %s: %w", what, filepath.Join(s.root.path, s.name+c.Ending()), rootCause(err))
}

// copyFile is a copy that is there already.
type copyFile struct {
	there bool
	right bool // it unpacks to what is in the file
	size  int64
	info  fs.FileInfo
}

// look looks at the copy that is there. Times tell nothing, as images and packages set them all alike: it is unpacked and
// compared. A link is no copy.
func (s *source) look(c coding.Coding) (copyFile, error) {
	name := s.name + c.Ending()
	info, err := s.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return copyFile{}, nil
	case err != nil:
		return copyFile{}, s.fault("read", c, err)
	case info.IsDir():
		return copyFile{}, s.fault("write", c, syscall.EISDIR)
	case !info.Mode().IsRegular():
		return copyFile{there: true}, nil
	}
	packed, err := openRegular(s.root, name)
	if err != nil {
		return copyFile{}, s.fault("read", c, err)
	}
	defer func() { _ = packed.Close() }() // it was only read from
	right, err := s.unpacksFrom(c, packed)
	return copyFile{true, right, info.Size(), info}, err
}

// unpacksFrom reports whether packed is the file in a coding.
func (s *source) unpacksFrom(c coding.Coding, packed io.Reader) (bool, error) {
	if err := s.rewind(); err != nil {
		return false, err
	}
	unpacked, err := coding.Unpack(c, packed)
	if err != nil {
		return false, nil // it is something else
	}
	defer func() { _ = unpacked.Close() }() // it was only read from
	const piece = 64 << 10
	ours, theirs := make([]byte, piece), make([]byte, piece)
	for {
		n, err := io.ReadFull(s, ours)
		end := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !end {
			return false, s.fault("compare", c, err)
		}
		if m, _ := io.ReadFull(unpacked, theirs[:n]); !bytes.Equal(ours[:n], theirs[:m]) { // less than all is another text
			return false, nil
		}
		if end {
			_, err := io.ReadFull(unpacked, theirs[:1])
			return errors.Is(err, io.EOF), nil // and not that the copy breaks off
		}
	}
}

// freshen gives a copy that is right the time of the file if its own is an older one: it would not be sent.
func (s *source) freshen(c coding.Coding, old copyFile) error {
	modified := s.info.ModTime()
	if !old.info.ModTime().Before(modified) {
		return nil
	}
	if err := s.root.Chtimes(s.name+c.Ending(), modified, modified); err != nil {
		return s.fault("set the time of", c, err)
	}
	return nil
}

// without is for a file that is to have no copy: one that is there is wrong, and goes.
func (s *source) without(c coding.Coding, old copyFile, r result) outcome {
	if !old.there {
		return outcome{result: r}
	}
	if err := s.root.Remove(s.name + c.Ending()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return outcome{err: s.fault("remove", c, err)}
	}
	return outcome{result: removed}
}

// pack makes a copy and returns its size, or 0 if it would not be worth while.
func (s *source) pack(c coding.Coding) (size int64, err error) {
	temporary := path.Join(path.Dir(s.name), "."+rand.Text()+unfinished) // hidden: nobody is sent half a copy
	out, err := s.root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, s.fault("write", c, err)
	}
	defer func() {
		if size == 0 || err != nil {
			_ = s.root.Remove(temporary) // why there is no copy is said already
		}
	}()
	size, err = s.fill(c, out)
	if closeErr := out.Close(); err == nil {
		err = closeErr
	}
	if err == nil && size > 0 {
		err = s.root.Chtimes(temporary, s.info.ModTime(), s.info.ModTime())
	}
	if err == nil && size > 0 {
		err = s.root.Rename(temporary, s.name+c.Ending())
	}
	if err != nil {
		return 0, s.fault("write", c, err)
	}
	return size, nil
}

// fill writes the copy into out, with the file's owner and mode. It returns 0 if the copy is not worth while.
func (s *source) fill(c coding.Coding, out *os.File) (int64, error) {
	if err := s.rewind(); err != nil {
		return 0, err
	}
	if err := coding.Pack(c, out, s); err != nil {
		return 0, err
	}
	info, err := out.Stat()
	if err != nil {
		return 0, err
	}
	if !coding.Worthwhile(s.info.Size(), info.Size()) {
		return 0, nil
	}
	now, err := s.file.Stat()
	if err == nil && (now.Size() != s.info.Size() || !now.ModTime().Equal(s.info.ModTime())) {
		err = errChanged
	}
	if err == nil {
		err = s.adorn(out)
	}
	return info.Size(), err
}

// adorn gives a copy the file's owner, mode and time. Only root can give files away.
func (s *source) adorn(out *os.File) error {
	if stat, ok := s.info.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		if err := out.Chown(int(stat.Uid), int(stat.Gid)); err != nil {
			return err
		}
	}
	return out.Chmod(s.info.Mode().Perm())
}
