package static

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/cespare/xxhash/v2"

	"forebay/proxy/conditional"
)

// smallFile is the size up to which a file is read whole, and its descriptor closed, before anything is sent. Up to about
// here to send from memory costs less than sendfile(2), which costs half of it for a megabyte.
const smallFile = 128 << 10

// version is one state of a file: what was in it, or the descriptor of what is.
type version struct {
	stamp      stamp
	validators conditional.Validators
	size       int64
	body       []byte   // when file is nil
	file       *os.File // of a large file; who has the version closes it
}

var (
	// errDirectory says that a name leads to a directory.
	errDirectory = errors.New("is a directory")
	// errChanged says that a file has changed while it was read.
	errChanged = errors.New("the file changed while it was read")
)

// readTries is how often a file is read again that changes while it is read.
const readTries = 3

// openVersion opens a file. What comes back is of one moment, even if the file is replaced or written to meanwhile; one
// that is written to all the time, such as a log, is what it was up to its size at some moment, and has no validators.
func openVersion(fsys fs.FS, name string) (v *version, err error) {
	for range readTries {
		v, err = openOnce(fsys, name)
		if !errors.Is(err, errChanged) {
			return v, err
		}
	}
	if v.body != nil {
		return v, nil
	}
	return nil, err
}

func openOnce(fsys fs.FS, name string) (*version, error) {
	file, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	v := &version{}
	defer func() {
		if v.file == nil {
			_ = file.Close() // it was only read from
		}
	}()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	switch {
	case info.IsDir():
		return nil, errDirectory
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	v.stamp, v.size = stampOf(info), info.Size()
	if large, ok := file.(*os.File); ok && v.size > smallFile {
		v.file, v.validators = large, conditional.OfFile(info)
		return v, nil
	}
	if err := v.read(file); err != nil {
		return v, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	v.validators = conditional.Validators{ETag: contentTag(v.body), Modified: conditional.OfFile(info).Modified}
	return v, nil
}

// read reads the whole file, and finds out whether it changed on the way. There is no body if it has become shorter.
func (v *version) read(file fs.File) error {
	body := make([]byte, v.size)
	_, err := io.ReadFull(file, body)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errChanged
	case err != nil:
		return err
	}
	v.body = body
	info, err := file.Stat()
	if err == nil && stampOf(info) != v.stamp {
		err = errChanged
	}
	return err
}

// contentTag is an entity-tag made of what is in a file. It is the same on all machines and after a new release that has
// not changed the file, and differs where the times of files do not, as in images and packages that set them all alike.
//
// The hash is not one that nobody can forge: who may replace a file may also have it taken for the one before. It is ten times
// as fast as those, and what finds no room in memory is hashed for each request.
func contentTag(body []byte) []byte {
	sum := binary.BigEndian.AppendUint64(make([]byte, 0, 8), xxhash.Sum64(body))
	tag := append(make([]byte, 0, len(sum)*4/3+3), '"')
	return append(base64.RawURLEncoding.AppendEncode(tag, sum), '"')
}

// statStamp asks for the stamp of a name; the zero one where there is no file.
func statStamp(fsys fs.FS, name string) (stamp, error) {
	info, err := fs.Stat(fsys, name)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrInvalid):
		return stamp{}, nil
	case err != nil:
		return stamp{}, err
	}
	return stampOf(info), nil
}

func (v *version) close() {
	if v.file != nil {
		_ = v.file.Close() // it was only read from
	}
}
