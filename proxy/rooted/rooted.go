// Package rooted opens files below a directory, and nothing else: no name and no symbolic link leads out, not even one
// that is made while it is followed.
package rooted

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"sync/atomic"
	"syscall"
	"time"
)

// Root is a directory of the machine. Links that stay inside are followed; one with an absolute target counts as leading
// out. It is a file system, and many goroutines may use it at once.
//
// It is the directory that its path leads to: if that is removed and made again, or is a link that is turned to a new
// release, what is opened a second later lies in the new one.
type Root struct {
	path    string
	current atomic.Pointer[os.Root] // nil as long as there is no such directory
	checked atomic.Int64            // when the path was last followed, in nanoseconds since the epoch
}

// Open opens a directory. Close it after the last file was opened.
func Open(path string) (*Root, error) {
	r := &Root{path: path}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open directory: %w", err)
	}
	r.current.Store(root)
	r.checked.Store(time.Now().UnixNano())
	return r, nil
}

// Expect is Open for a directory that need not be there yet: it is empty until it is made, and then what is in it is found
// within a second. Any other reason why it cannot be opened is an error.
func Expect(path string) (*Root, error) {
	r, err := Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		r, err = &Root{path: path}, nil
		r.checked.Store(time.Now().UnixNano())
	}
	return r, err
}

// Close closes the directory. Files that are open stay so.
func (r *Root) Close() error {
	r.checked.Store(math.MaxInt64)
	if root := r.current.Load(); root != nil {
		return root.Close()
	}
	return nil
}

// believed is how long a path is taken to lead where it led.
const believed = time.Second

// at returns the directory that the path leads to, or nil.
func (r *Root) at(now time.Time) *os.Root {
	checked := r.checked.Load()
	if now.UnixNano()-checked >= int64(believed) && r.checked.CompareAndSwap(checked, now.UnixNano()) {
		r.follow()
	}
	return r.current.Load()
}

// follow opens the directory anew if the path leads to another one. Where it leads to none the old one stays.
func (r *Root) follow() {
	if old := r.current.Load(); old != nil {
		was, err := old.Stat(".")
		if err != nil {
			return
		}
		is, err := os.Stat(r.path)
		if err != nil || os.SameFile(was, is) {
			return
		}
	}
	if root, err := os.OpenRoot(r.path); err == nil {
		// Others may be opening files in the old one. Package os closes it when the last of them has let it go.
		r.current.Store(root)
	}
}

// Open opens a file or a directory for reading, without waiting for anything: the open of a FIFO would wait for a writer,
// and that of a terminal could make it ours. What was opened may still be neither. A name that leads to nothing, or
// nowhere that is allowed, is fs.ErrNotExist.
func (r *Root) Open(name string) (fs.File, error) {
	f, err := r.open(name)
	if err != nil {
		return nil, err // and not a nil *os.File, which is no nil fs.File
	}
	return f, nil
}

func (r *Root) open(name string) (*os.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	root := r.at(time.Now())
	if root == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, absent(name, err)
	}
	return f, nil
}

// OpenRegular opens a regular file. Anything else is fs.ErrNotExist.
func (r *Root) OpenRegular(name string) (*os.File, fs.FileInfo, error) {
	f, err := r.open(name)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	if err != nil {
		_ = f.Close() // nothing was done with it
		return nil, nil, err
	}
	return f, info, nil
}

// Stat tells what a name leads to, with the links on the way followed as Open follows them.
func (r *Root) Stat(name string) (fs.FileInfo, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrInvalid}
	}
	root := r.at(time.Now())
	if root == nil {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
	}
	info, err := root.Stat(name)
	if err != nil {
		return nil, absent(name, err)
	}
	return info, nil
}

// absent turns the errors that say that a name leads to no file into fs.ErrNotExist, and returns others as they are.
func absent(name string, err error) error {
	var errno syscall.Errno
	switch {
	case !errors.As(err, &errno):
		// os.Root's refusal of a way out is the one error without a number, but for that of a closed root.
		if errors.Is(err, os.ErrClosed) {
			return err
		}
	case !slices.Contains(noFile, errno):
		return err
	}
	return &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// noFile are: nothing there, a file where a directory should be, a circle of links, a name that no file can have, a
// socket, a device without a driver.
var noFile = []syscall.Errno{
	syscall.ENOENT, syscall.ENOTDIR, syscall.ELOOP, syscall.ENAMETOOLONG, syscall.EINVAL, syscall.ENXIO, syscall.ENODEV,
}
