package static

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"time"

	"forebay/proxy/mediatype"
	"forebay/proxy/reply"
	"forebay/python"
)

// maxListed is how many entries of a directory are listed. A larger one is not: whoever lists it wants a file of it, and
// finds none among so many.
const maxListed = 10_000

// listed is a file or a directory in a list.
type listed struct {
	Name     string    `json:"name"`
	Type     string    `json:"type"`
	Size     *int64    `json:"size,omitempty"` // of a file
	Modified time.Time `json:"modified"`
}

const (
	typeFile      = "file"
	typeDirectory = "directory"
)

// list answers with what is in a directory, as a page or as JSON. The name is empty or ends with a slash.
func (m *mapping) list(name string, fields []python.Field) *reply.Reply {
	entries, err := readDirectory(m.FS, path.Clean("./"+name))
	switch {
	case err != nil && isAbsent(err):
		return &notFound
	case err != nil:
		return &reply.Reply{Status: http.StatusInternalServerError, Err: err}
	case len(entries) > maxListed:
		return &forbidden
	}
	var all []listed
	for _, entry := range entries {
		if one, ok := m.listed(name, entry); ok {
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b listed) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name)) // directories first
	})
	typ, body := "text/html; charset=utf-8", listPage(m.Prefix+name, name != "", all)
	if mediatype.WantsJSON(fields) {
		typ, body = "application/json", listDocument(all)
	}
	head := append(m.pageHead(typ), "Cache-Control: no-cache\r\nVary: Accept\r\n"...)
	return &reply.Reply{Status: http.StatusOK, Fields: head, Body: body, Length: int64(len(body))}
}

// readDirectory reads a directory, or so much of it that it is known to be too large.
func readDirectory(fsys fs.FS, name string) ([]fs.DirEntry, error) {
	file, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read from
	dir, ok := file.(fs.ReadDirFile)
	if !ok {
		return nil, &fs.PathError{Op: "list", Path: name, Err: fs.ErrNotExist}
	}
	entries, err := dir.ReadDir(maxListed + 1)
	if errors.Is(err, io.EOF) { // it is empty
		err = nil
	}
	return entries, err
}

// listed describes an entry, if it would be served: links are followed, and those that lead out left out.
func (m *mapping) listed(dir string, entry fs.DirEntry) (listed, bool) {
	name := entry.Name()
	if !servable([]byte(name), m.Hidden) {
		return listed{}, false
	}
	info, err := fs.Stat(m.FS, dir+name)
	switch {
	case err != nil:
		return listed{}, false
	case info.IsDir():
		return listed{Name: name, Type: typeDirectory, Modified: info.ModTime().UTC().Truncate(time.Second)}, true
	case info.Mode().IsRegular() && m.allows(dir+name):
		size := info.Size()
		return listed{name, typeFile, &size, info.ModTime().UTC().Truncate(time.Second)}, true
	}
	return listed{}, false
}

func listDocument(all []listed) []byte {
	if all == nil {
		all = []listed{}
	}
	document, _ := json.Marshal(all) // texts, numbers and times can be written
	return append(document, '\n')
}
