// Package static answers requests for files before any worker is touched.
//
// It promises that what it serves lies below the mapped directory, is a regular file without a hidden name on its path,
// and goes out with the length that was announced or not at all: a file that shrinks while it is sent cuts the
// connection. It decides by the path as the client wrote it, decoded once and never cleaned.
package static

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"net/http"
	"slices"

	"github.com/valyala/fasthttp"

	"forebay/proxy/target"
)

// Mapping says that paths which begin with Prefix are files of FS. Prefix is a decoded path that begins and ends with a
// slash; what follows it is the name in FS.
type Mapping struct {
	Prefix string
	FS     fs.FS
}

// Files answers for all mappings. It is never changed, so many goroutines may use it at once.
type Files struct {
	mappings []Mapping // the longest prefix first
}

// New returns the Files of mappings. Where several prefixes fit a path the longest wins.
func New(mappings []Mapping) *Files {
	sorted := slices.Clone(mappings)
	slices.SortStableFunc(sorted, func(a, b Mapping) int { return cmp.Compare(len(b.Prefix), len(a.Prefix)) })
	return &Files{mappings: sorted}
}

// Serve answers the request if its path falls under a mapping, and reports whether it did. rawPath is the path of the
// request target as received, without the query; nothing is assumed about its escapes.
//
// The answer is in ctx.Response when Serve returns: whole for 200 and 304; for any other status without a body, which
// is the caller's to write. err says why a status is 500; it is for the log, not for the client.
func (f *Files) Serve(ctx *fasthttp.RequestCtx, rawPath []byte) (served bool, err error) {
	var room [256]byte
	path, decodeErr := rawPath, error(nil)
	if bytes.IndexByte(rawPath, '%') >= 0 {
		path, decodeErr = target.Decode(room[:0], rawPath)
	}
	mapping := f.match(path)
	if mapping == nil {
		return false, nil
	}
	if !ctx.IsGet() && !ctx.IsHead() {
		ctx.Response.Header.Set(fasthttp.HeaderAllow, "GET, HEAD")
		ctx.SetStatusCode(http.StatusMethodNotAllowed)
		return true, nil
	}
	if decodeErr != nil {
		ctx.SetStatusCode(http.StatusBadRequest)
		return true, nil
	}
	name := path[len(mapping.Prefix):]
	if hasEscapedSlash(rawPath) || !servable(name) {
		ctx.SetStatusCode(http.StatusNotFound)
		return true, nil
	}
	err = send(ctx, mapping.FS, string(name))
	if err == nil {
		return true, nil
	}
	status := statusOf(err)
	ctx.SetStatusCode(status)
	if status < http.StatusInternalServerError {
		err = nil
	}
	return true, err
}

// match returns the mapping with the longest prefix that path begins with, or nil.
func (f *Files) match(path []byte) *Mapping {
	for i := range f.mappings {
		m := &f.mappings[i]
		if len(path) >= len(m.Prefix) && string(path[:len(m.Prefix)]) == m.Prefix {
			return m
		}
	}
	return nil
}

// statusOf is the status that an error of opening or reading a file becomes.
func statusOf(err error) int {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrInvalid):
		return http.StatusNotFound
	case errors.Is(err, fs.ErrPermission):
		return http.StatusForbidden
	default:
		return http.StatusInternalServerError
	}
}
