// Package rooted opens files below a directory, and nothing else: no name and no symbolic link leads out, not even one
// that is made while it is followed.
package rooted

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"
)

// Root is a directory of the machine. Links that stay inside are followed; one with an absolute target counts as leading
// out. It is a file system, and many goroutines may use it at once.
type Root struct{ root *os.Root }

// Open opens a directory. Close it after the last file was opened.
func Open(path string) (*Root, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open directory: %w", err)
	}
	return &Root{root}, nil
}

// Close closes the directory. Files that are open stay so.
func (r *Root) Close() error { return r.root.Close() }

// Name is the path that the directory was opened by.
func (r *Root) Name() string { return r.root.Name() }

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
	f, err := r.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
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
	info, err := r.root.Stat(name)
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
