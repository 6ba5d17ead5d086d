// Package compress decides which of an application's answers go to their clients in a content coding, what their fields
// are then, and how many may be at it at once.
//
// It promises that an answer which says that it is not to be changed is not, and that what a client or a cache does by the
// fields stays right: each coding is another representation.
package compress

import (
	"bytes"
	"net/http"
	"slices"
	"strings"

	"forebay/config"
	"forebay/proxy/coding"
	"forebay/proxy/mediatype"
	"forebay/python"
)

// Compressor compresses as the configuration says. It is never changed; many goroutines may use it at once. A nil one
// compresses nothing.
type Compressor struct {
	types []string
	least int64
	free  chan struct{} // holds an entry for each stream that is open
}

// New returns the compressor of a configuration, or nil.
func New(cfg config.Proxy) *Compressor {
	if !cfg.Compress {
		return nil
	}
	types := make([]string, len(cfg.CompressTypes))
	for i, typ := range cfg.CompressTypes {
		types[i] = strings.ToLower(typ)
	}
	return &Compressor{types: types, least: cfg.CompressMinSize, free: make(chan struct{}, cfg.CompressStreams)}
}

// Answer is what an application has answered. Its fields are borrowed.
type Answer struct {
	Status int
	Fields []python.Field
	// Length is that of the body in bytes, or -1 if it is not known yet.
	Length int64
}

// Choose returns the coding that an answer to a request with such fields is sent in, and whether it would be another one for
// another client. The caller then calls Fields for the fields of the answer.
func (c *Compressor) Choose(request []python.Field, a *Answer) (chosen coding.Coding, varies bool) {
	if c == nil || !hasContent(a.Status) || a.Length >= 0 && a.Length < c.least {
		return coding.Identity, false
	}
	if !c.mayCode(a.Fields) || forbidsTransform(request) {
		return coding.Identity, false
	}
	return coding.Accept(request).Quickest(), true
}

// hasContent reports whether the answers of a status are whole representations. A part of one could not be joined to
// others if it were coded by itself.
func hasContent(status int) bool {
	return status >= http.StatusOK && status != http.StatusNoContent && status != http.StatusNotModified &&
		status != http.StatusPartialContent && status != http.StatusResetContent
}

// mayCode reports whether the fields of an answer allow it to be coded: it has a type that is worth it, is not coded yet, may
// be changed (RFC 9111, section 5.2.2.6), and says nothing of its bytes that would not be true any longer.
func (c *Compressor) mayCode(fields []python.Field) bool {
	worth := false
	for i := range fields {
		f := &fields[i]
		switch {
		case python.EqualFold(f.Name, "content-type"):
			worth = c.isWorth(f.Value)
		case python.EqualFold(f.Name, "content-encoding"):
			if !python.EqualFold(bytes.TrimSpace(f.Value), "identity") {
				return false
			}
		case python.EqualFold(f.Name, "content-range"), python.EqualFold(f.Name, "content-md5"), python.EqualFold(f.Name, "digest"),
			python.EqualFold(f.Name, "content-digest"), python.EqualFold(f.Name, "repr-digest"):
			return false
		}
	}
	return worth && !forbidsTransform(fields)
}

// isWorth reports whether a Content-Type is one of those that are compressed. An event stream is not unless it is named: it
// would keep a compressor for hours.
func (c *Compressor) isWorth(value []byte) bool {
	name, _, _ := bytes.Cut(value, []byte{';'})
	typ := strings.ToLower(string(bytes.TrimSpace(name)))
	if len(c.types) > 0 {
		return slices.Contains(c.types, typ)
	}
	return mediatype.Compressible(typ) && typ != "text/event-stream"
}

// forbidsTransform reports whether a Cache-Control says no-transform.
func forbidsTransform(fields []python.Field) bool {
	for i := range fields {
		if !python.EqualFold(fields[i].Name, "cache-control") {
			continue
		}
		for directive := range bytes.SplitSeq(fields[i].Value, []byte{','}) {
			if python.EqualFold(bytes.TrimSpace(directive), "no-transform") {
				return true
			}
		}
	}
	return false
}

// Fields returns the fields of an answer that is sent in a coding, Identity too, where Choose has said that it varies. It
// changes nothing of the given ones.
func Fields(given []python.Field, chosen coding.Coding) []python.Field {
	fields := make([]python.Field, 0, len(given)+2)
	told := false
	for _, f := range given {
		told = told || python.EqualFold(f.Name, "vary") && namesEncoding(f.Value)
		if chosen != coding.Identity {
			switch {
			case python.EqualFold(f.Name, "content-length"), python.EqualFold(f.Name, "accept-ranges"), python.EqualFold(f.Name, "content-encoding"):
				continue
			case python.EqualFold(f.Name, "etag") && bytes.HasPrefix(f.Value, []byte{'"'}):
				// Two codings of one version are equal in meaning and not in bytes (RFC 9110, section 8.8.1).
				f.Value = append([]byte("W/"), f.Value...)
			}
		}
		fields = append(fields, f)
	}
	if chosen != coding.Identity {
		fields = append(fields, python.Field{Name: []byte("Content-Encoding"), Value: []byte(chosen.String())})
	}
	if !told {
		fields = append(fields, python.Field{Name: []byte("Vary"), Value: []byte("Accept-Encoding")})
	}
	return fields
}

// namesEncoding reports whether a Vary says already that the coding depends on the request.
func namesEncoding(value []byte) bool {
	for name := range bytes.SplitSeq(value, []byte{','}) {
		name = bytes.TrimSpace(name)
		if string(name) == "*" || python.EqualFold(name, "accept-encoding") {
			return true
		}
	}
	return false
}
