package static

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"forebay/config"
	"forebay/proxy/mediatype"
	"forebay/proxy/reply"
)

// Mapping says that the paths which begin with its prefix are files of FS, and how they are served. The prefix is a
// decoded path that begins and ends with a slash; what follows it is the name in FS.
type Mapping struct {
	config.Static
	FS fs.FS
}

// mapping is a Mapping with what is made of it once.
type mapping struct {
	Mapping
	headers []byte // its further fields, as lines
	through bool   // what is no file is the application's
	top     top    // if so
	index   [][]byte
}

func newMapping(m Mapping) *mapping {
	made := &mapping{Mapping: m, through: m.Fallback == config.FallbackApplication}
	for _, header := range m.Headers {
		made.headers = reply.AppendField(made.headers, header.Name, header.Value)
	}
	for _, name := range m.Index {
		made.index = append(made.index, []byte(name))
	}
	return made
}

// isFor reports whether the mapping answers for a path.
func (m *mapping) isFor(path []byte) bool {
	if !beginsWith(path, m.Prefix) || slices.ContainsFunc(m.Except, func(prefix string) bool { return beginsWith(path, prefix) }) {
		return false
	}
	name := path[len(m.Prefix):]
	return len(m.Only) == 0 || slices.ContainsFunc(m.Only, func(only string) bool { return string(name) == only })
}

// lacks reports whether it is known that a name leads to nothing, and so to the application.
func (m *mapping) lacks(name []byte, now time.Time) bool {
	switch {
	case !m.through:
		return false
	case len(name) > 0:
		return m.top.lacks(m.FS, name, now)
	}
	for _, index := range m.index {
		if !m.top.lacks(m.FS, index, now) {
			return false
		}
	}
	return !m.Autoindex
}

// typeOf is the media type of a file.
func (m *mapping) typeOf(name string) string {
	if len(m.Types) > 0 {
		ending := strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
		if i := slices.IndexFunc(m.Types, func(t config.Header) bool { return t.Name == ending }); i >= 0 {
			return m.Types[i].Value
		}
	}
	return mediatype.ByName(name)
}

// open makes the entry of a path below the prefix. That of a directory has the entry of its index; errDirectory says
// that there is none, or that the slash is missing.
func (m *mapping) open(target string, now time.Time) (*entry, error) {
	name := target[len(m.Prefix):]
	if name != "" && !strings.HasSuffix(name, "/") {
		if !m.allows(name) {
			return m.openDirectory(name)
		}
		return m.newEntry(target, name, now)
	}
	for _, index := range m.Index {
		if !m.allows(name + index) {
			continue
		}
		e, err := m.newEntry(target, name+index, now)
		if err == nil || !isAbsent(err) {
			return e, err
		}
	}
	return m.openDirectory(strings.TrimSuffix(name, "/"))
}

// allows reports whether a file may be served by its name. Those that the mapping names for paths without a file always may.
func (m *mapping) allows(name string) bool {
	return hasExtension(name, m.Extensions) || name == m.Fallback || name == m.NotFound
}

// openDirectory returns errDirectory if the name is one.
func (m *mapping) openDirectory(name string) (*entry, error) {
	if name == "" {
		return nil, errDirectory
	}
	info, err := fs.Stat(m.FS, name)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errDirectory
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// hasIndex reports whether a directory answers with something of its own.
func (m *mapping) hasIndex(name string) bool {
	if m.Autoindex {
		return true
	}
	for _, index := range m.Index {
		if info, err := fs.Stat(m.FS, name+"/"+index); err == nil && info.Mode().IsRegular() && m.allows(name+"/"+index) {
			return true
		}
	}
	return false
}

// isAbsent reports whether an error says that there is no such file, and not that something is wrong with it.
func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) || errors.Is(err, errDirectory)
}

// page answers with a file of the mapping as the page of a status; nil if there is no such file. The reply has the
// caller's hold of the entry.
func (m *mapping) page(e *entry, status int) *reply.Reply {
	r := e.identity.As(status, m.pageHead(m.typeOf(e.name)))
	if !e.identity.InFile() {
		e.release()
	}
	return r
}
