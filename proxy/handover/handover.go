// Package handover sends the files that an application names in the place of a body: by X-Sendfile, as Apache and
// lighttpd know it, and by X-Accel-Redirect, as nginx does.
//
// It promises that only regular files below the configured directories are sent, wherever links lead, and that the name
// of a file never reaches a client.
package handover

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"

	"forebay/config"
	"forebay/proxy/conditional"
	"forebay/proxy/mediatype"
	"forebay/proxy/reply"
	"forebay/proxy/rooted"
	"forebay/proxy/target"
	"forebay/python"
)

// Files are those that applications may name. It is never changed; many goroutines may use it at once.
type Files struct {
	sendfile []place // by absolute paths; empty: X-Sendfile is a field like any other
	accel    []place // by internal paths; empty: so is X-Accel-Redirect
}

// place is a directory, and how names of files in it begin.
type place struct {
	prefix string // ends with a slash
	root   *rooted.Root
}

// ErrPlace says that an application named a file outside of the configured directories.
var ErrPlace = errors.New("not below a configured directory")

// Open opens the directories of X-Sendfile and X-Accel-Redirect. Close them after the last reply was made.
func Open(dirs []string, internal []config.Internal) (*Files, error) {
	f := &Files{}
	for _, dir := range dirs {
		if err := f.add(&f.sendfile, strings.TrimSuffix(filepath.Clean(dir), "/")+"/", dir); err != nil {
			return nil, fmt.Errorf("x_sendfile: %w", err)
		}
	}
	for _, i := range internal {
		if err := f.add(&f.accel, i.Prefix, i.Dir); err != nil {
			return nil, fmt.Errorf("x_accel_redirect %s: %w", i.Prefix, err)
		}
	}
	return f, nil
}

func (f *Files) add(places *[]place, prefix, dir string) error {
	root, err := rooted.Open(dir)
	if err != nil {
		_ = f.Close() // the start fails for another reason
		return err
	}
	*places = append(*places, place{prefix, root})
	return nil
}

// Close closes the directories. What is being sent goes on.
func (f *Files) Close() error {
	var all error
	for _, p := range append(f.sendfile, f.accel...) {
		all = errors.Join(all, p.root.Close())
	}
	return all
}

// Reply makes the answer to a request for which an application has answered with status and fields; found is false if
// they name no file. The application's body is not sent then, and its fields go with the file, which has its own length
// and, where the application gave none, a type by its name. The fields have passed the checks of what may stand in one;
// all arguments are borrowed until it returns. A file that is not there is answered 404; one that may not be sent, or
// cannot be opened, 500. It blocks for as long as it takes to open a file, and lead is left before.
func (f *Files) Reply(method []byte, request []python.Field, status int, response []python.Field, lead python.Lead) (r *reply.Reply, found bool) {
	if status < http.StatusOK || status == http.StatusNoContent || status == http.StatusNotModified {
		return nil, false // these have no body
	}
	places, name, err := f.named(response)
	if places == nil {
		return nil, false
	}
	answer := &reply.Application{Status: status, Fields: others(response), Type: mediatype.ByName(name)}
	lead.Leave()
	if err == nil {
		err = open(answer, places, name)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &reply.Reply{Status: http.StatusNotFound, Err: err}, true
	case err != nil:
		return &reply.Reply{Status: http.StatusInternalServerError, Err: err}, true
	}
	return answer.Reply(method, request), true
}

// named finds the field that names a file, and returns the directories that it may lie in; nil without such a field.
func (f *Files) named(response []python.Field) (places []place, name string, err error) {
	for i := range response {
		field := &response[i]
		switch {
		case len(field.Value) == 0:
		case len(f.sendfile) > 0 && python.EqualFold(field.Name, sendfileName):
			return f.sendfile, path.Clean(string(field.Value)), nil
		case len(f.accel) > 0 && python.EqualFold(field.Name, redirectName):
			name, err = internalPath(field.Value)
			return f.accel, name, err
		}
	}
	return nil, "", nil
}

const (
	sendfileName = "x-sendfile"
	accelName    = "x-accel-"
	redirectName = accelName + "redirect"
)

// internalPath is what an X-Accel-Redirect means: a path with escapes, as in a target. A query means nothing to a file.
func internalPath(value []byte) (string, error) {
	raw, _, _ := bytes.Cut(value, []byte{'?'})
	decoded, err := target.Decode(nil, raw)
	if err != nil {
		return "", fmt.Errorf("%s %q: %w", redirectName, value, err)
	}
	return path.Clean(string(decoded)), nil
}

// others are the fields without those that are for the front alone. It is a copy.
func others(response []python.Field) []python.Field {
	kept := make([]python.Field, 0, len(response))
	for _, field := range response {
		isAccel := len(field.Name) > len(accelName) && python.EqualFold(field.Name[:len(accelName)], accelName)
		if !isAccel && !python.EqualFold(field.Name, sendfileName) {
			kept = append(kept, field)
		}
	}
	return kept
}

// open opens the file, in the directory whose prefix is the longest that fits.
func open(answer *reply.Application, places []place, name string) error {
	var best place
	for _, p := range places {
		if strings.HasPrefix(name, p.prefix) && len(p.prefix) > len(best.prefix) {
			best = p
		}
	}
	if best.root == nil {
		return fmt.Errorf("send %s: %w", name, ErrPlace)
	}
	file, info, err := best.root.OpenRegular(name[len(best.prefix):])
	if err != nil {
		return fmt.Errorf("send %s: %w", name, err)
	}
	answer.File, answer.Count = file, info.Size()
	answer.Release = func() { _ = file.Close() } // opened for reading only
	answer.Intact = func() bool { return isIntact(file, info) }
	answer.Validators = conditional.OfFile(info)
	return nil
}

// isIntact reports whether nothing was written to a file since it was opened.
func isIntact(file *os.File, then fs.FileInfo) bool {
	now, err := file.Stat()
	return err == nil && now.Size() == then.Size() && now.ModTime().Equal(then.ModTime())
}
