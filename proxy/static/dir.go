package static

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"syscall"
)

// Dir opens a directory of the machine as a file system that nothing leads out of: no name and no symbolic link, not
// even one that is made while it is followed. Links that stay inside are followed; one with an absolute target counts
// as leading out. Close the closer after the last request; files that are open then stay so.
func Dir(path string) (fs.FS, io.Closer, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, nil, fmt.Errorf("static directory: %w", err)
	}
	return dir{root}, root, nil
}

type dir struct{ root *os.Root }

// Open opens a file for reading without waiting for anything: the open of a FIFO would wait for a writer, and that of a
// terminal could make it ours. What was opened may still be no regular file.
func (d dir) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	f, err := d.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, absent(name, err)
	}
	return f, nil
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
