// Package static answers requests for files before any worker is touched.
//
// It promises that what it serves lies below the mapped directory, is a regular file without a hidden name on its path,
// is of one moment, and goes out with the length that was announced or not at all. It decides by the path as the client
// wrote it, decoded once and never cleaned.
//
// Small files are kept in memory, as answers that are ready to be sent, and large ones as open descriptors; whether they
// are still the ones in the directory is asked at most once a second.
package static

import (
	"cmp"
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"time"

	"forebay/proxy/coding"
	"forebay/proxy/reply"
	"forebay/python"
)

// Files answers for all mappings. Many goroutines may use it at once.
type Files struct {
	mappings []*mapping // the longest prefix first
	cache    *cache
	squeezer *squeezer
	now      func() time.Time
}

// Request is what is asked for. Everything in it is borrowed until Find returns.
type Request struct {
	Method []byte
	// Raw is the path of the request target as received, without the query.
	Raw []byte
	// Path is Raw with its escapes decoded, once.
	Path []byte
	// Query is the query as received, without the question mark.
	Query  []byte
	Fields []python.Field
	// Lead is left before a file is looked for, which may wait for a disk. It may be nil.
	Lead python.Lead
}

// leave is called before a disk may have to be waited for.
func (r *Request) leave() {
	if r.Lead != nil {
		r.Lead.Leave()
	}
}

// New returns the Files of mappings. Where several prefixes fit a path the longest wins. memory bounds the contents that
// are kept, in bytes, and files the descriptors; what is over is opened for each request. Close it after the last reply
// was made.
func New(mappings []Mapping, memory, files int64) *Files {
	kept := newCache(memory, files)
	f := &Files{cache: kept, squeezer: newSqueezer(kept), now: time.Now}
	for _, m := range mappings {
		f.mappings = append(f.mappings, newMapping(m))
	}
	slices.SortStableFunc(f.mappings, func(a, b *mapping) int { return cmp.Compare(len(b.Prefix), len(a.Prefix)) })
	return f
}

// Close closes the files that are kept open; those that are being sent are closed when they were. The file systems stay
// as they are. It waits for the compressed copy that is being made, if there is one.
func (f *Files) Close() {
	f.squeezer.close()
	f.cache.close()
}

// Find answers a request if it falls under a mapping and is not one for the application. Errors have no page unless the
// mapping has one: see reply.Reply.Bare. It blocks as long as it takes to open a file, and for a file that was asked for
// within the last second it neither blocks nor allocates.
func (f *Files) Find(req *Request) (r *reply.Reply, found bool) {
	m := f.match(req.Path)
	if m == nil {
		return nil, false
	}
	get := string(req.Method) == http.MethodGet || string(req.Method) == http.MethodHead
	switch {
	case m.through && !get:
		return nil, false
	case string(req.Method) == http.MethodOptions:
		return &options, true
	case !get:
		return &notAllowed, true
	case hasEscapedSlash(req.Raw) || !servable(req.Path[len(m.Prefix):], m.Hidden):
		return f.missing(m, req)
	}
	return f.serve(m, req)
}

var (
	notFound   = reply.Reply{Status: http.StatusNotFound}
	forbidden  = reply.Reply{Status: http.StatusForbidden}
	notAllowed = reply.Reply{Status: http.StatusMethodNotAllowed, Fields: allow}
	options    = reply.Reply{Status: http.StatusNoContent, Fields: allow}

	allow = []byte("Allow: GET, HEAD, OPTIONS\r\n")
)

// match returns the mapping with the longest prefix of those that are for a path, or nil.
func (f *Files) match(path []byte) *mapping {
	for _, m := range f.mappings {
		if m.isFor(path) {
			return m
		}
	}
	return nil
}

func beginsWith(path []byte, prefix string) bool {
	return len(path) >= len(prefix) && string(path[:len(prefix)]) == prefix
}

// serve answers with the file that a path leads to, or with what there is in its stead.
func (f *Files) serve(m *mapping, req *Request) (*reply.Reply, bool) {
	r, err := f.reply(m, req.Path, req)
	switch {
	case err == nil:
		return r, true
	case errors.Is(err, errDirectory):
		return f.directory(m, req)
	case isAbsent(err):
		return f.missing(m, req)
	case errors.Is(err, fs.ErrPermission):
		return &forbidden, true
	}
	return &reply.Reply{Status: http.StatusInternalServerError, Err: err}, true
}

// reply answers with the file of a path. One that is open may have been written to since: then it is opened anew, as its
// fields tell of another version.
func (f *Files) reply(m *mapping, path []byte, req *Request) (*reply.Reply, error) {
	e, err := f.entry(m, path, req)
	if err != nil {
		return nil, err
	}
	content, wanted := e.choose(req.Fields)
	if !content.IsIntact() {
		e.release()
		req.leave()
		if e, err = f.load(m, string(path), e, f.now()); err != nil {
			return nil, err
		}
		content, wanted = e.choose(req.Fields)
	}
	if wanted != coding.Identity {
		f.squeezer.want(e, wanted)
	}
	return e.reply(content, req), nil
}

// entry returns the entry of a path, held.
func (f *Files) entry(m *mapping, path []byte, req *Request) (*entry, error) {
	now := f.now()
	e := f.cache.get(path)
	if e != nil && e.isFresh(now) {
		return e, nil
	}
	req.leave()
	if e != nil {
		if e.isCurrent() {
			return e, nil
		}
		f.cache.stale.Add(1)
		e.release()
	}
	if m.lacks(path[len(m.Prefix):], now) {
		return nil, fs.ErrNotExist
	}
	return f.load(m, string(path), e, now)
}

// load opens a file, once for all who ask for it at the same time. What the caller found in the cache, nil for nothing, is
// what it will not have: another entry there is a newer one.
func (f *Files) load(m *mapping, path string, stale *entry, now time.Time) (*entry, error) {
	if !f.cache.begin(path) {
		if e := f.cache.get([]byte(path)); e != nil {
			return e, nil
		}
		return f.open(m, path, now) // it is none to be kept
	}
	defer f.cache.end(path)
	if e := f.cache.get([]byte(path)); e != nil {
		if e != stale {
			return e, nil // it was loaded after the caller had looked
		}
		f.cache.stale.Add(1)
		e.release()
	}
	e, err := f.open(m, path, now)
	if err != nil {
		f.cache.forget(path)
		return nil, err
	}
	f.cache.add(e)
	return e, nil
}

// open opens a file and counts it. A path that leads to none says nothing about what is kept.
func (f *Files) open(m *mapping, path string, now time.Time) (*entry, error) {
	e, err := m.open(path, now)
	if err == nil {
		f.cache.misses.Add(1)
	}
	return e, err
}

// missing answers a path that leads to no file.
func (f *Files) missing(m *mapping, req *Request) (*reply.Reply, bool) {
	if m.through {
		return nil, false
	}
	if m.Fallback != "" {
		if r, err := f.reply(m, []byte(m.Prefix+m.Fallback), req); err == nil {
			return r, true
		}
	}
	if m.NotFound != "" {
		if e, err := f.entry(m, []byte(m.Prefix+m.NotFound), req); err == nil {
			return m.page(e, http.StatusNotFound), true
		}
	}
	return &notFound, true
}

// directory answers the path of a directory without an index: with its list, or by sending those who left out the last
// slash to where they wanted to go.
func (f *Files) directory(m *mapping, req *Request) (*reply.Reply, bool) {
	name := string(req.Path[len(m.Prefix):])
	switch {
	case name != "" && name[len(name)-1] != '/':
		if m.hasIndex(name) {
			return redirect(req), true
		}
	case m.Autoindex:
		return m.list(name, req.Fields), true
	}
	return f.missing(m, req)
}

// redirect sends a client to the same path with a slash. A path that begins with two slashes would lead to another host
// (RFC 3986, section 4.2), but none with an empty segment gets here.
func redirect(req *Request) *reply.Reply {
	location := slices.Concat(req.Raw, slash)
	if len(req.Query) > 0 {
		location = slices.Concat(location, []byte{'?'}, req.Query)
	}
	return &reply.Reply{Status: http.StatusMovedPermanently, Fields: reply.AppendField(nil, "Location", location)}
}
