package reply

import (
	"net/http"
	"os"

	"forebay/proxy/conditional"
	"forebay/python"
)

// Application is an application's answer whose body is a file: by wsgi.file_wrapper, X-Sendfile or X-Accel-Redirect.
type Application struct {
	// Status and Fields are the application's. The fields have passed the checks of what may stand in one; those that are
	// the connection's to say are left out.
	Status int
	Fields []python.Field
	// File has the body, Count bytes from Offset.
	File          *os.File
	Offset, Count int64
	// Type is the Content-Type where Fields has none. Empty means that none is added.
	Type string
	// Validators are those of the file. They are told where Fields has neither ETag nor Last-Modified.
	Validators conditional.Validators
	// Intact is Reply.Intact. It may be nil.
	Intact func() bool
	// Release is called once, when the file is no longer needed: as a rule by Done.
	Release func()
}

// Reply makes the answer to a request. Conditions and ranges count where the application has answered GET or HEAD with a
// 200 and has not chosen a part itself: by then any other method has done its work (RFC 9110, section 13.2.1). Nothing
// that is borrowed is used after it returns.
func (a *Application) Reply(method []byte, request []python.Field) *Reply {
	var known told
	for i := range a.Fields {
		known.note(&a.Fields[i])
	}
	c := NewFile(a.head(&known), known.validators, a.File, a.Offset, a.Count, a.Release)
	c.Guard(a.Intact)
	c.Whole = known.whole
	if a.Status != http.StatusOK || known.ranged || (string(method) != http.MethodGet && string(method) != http.MethodHead) {
		c.whole.Status = a.Status
		return &c.whole
	}
	return c.Reply(method, request)
}

// told is what an application's fields say.
type told struct {
	validators    conditional.Validators
	tagged, dated bool
	typ           []byte
	acceptsRanges bool // there is an Accept-Ranges
	whole         bool // and it says that parts are not given
	ranged        bool // it is a part already
}

func (k *told) note(f *python.Field) {
	switch {
	case python.EqualFold(f.Name, "etag"):
		k.validators.ETag, k.tagged = f.Value, true
	case python.EqualFold(f.Name, "last-modified"):
		k.dated = true
		if seconds, valid := conditional.ParseDate(f.Value); valid {
			k.validators.Modified = seconds
		}
	case python.EqualFold(f.Name, "content-type"):
		k.typ = f.Value
	case python.EqualFold(f.Name, "content-range"):
		k.ranged = true
	case python.EqualFold(f.Name, "accept-ranges"):
		k.acceptsRanges = true
		k.whole = !python.EqualFold(f.Value, "bytes")
	}
}

// head copies the fields, in lots, and completes them: with the file's validators, and with the word that parts can be
// had.
func (a *Application) head(known *told) Head {
	var common, described []byte
	for i := range a.Fields {
		f := &a.Fields[i]
		switch {
		case isConnections(f.Name), python.EqualFold(f.Name, "content-type"):
		case isDescription(f.Name):
			described = AppendField(described, f.Name, f.Value)
		default:
			common = AppendField(common, f.Name, f.Value)
		}
	}
	if !known.tagged && !known.dated {
		known.validators = a.Validators
		common = AppendValidators(common, a.Validators)
	}
	if !known.acceptsRanges && !known.ranged && a.Status == http.StatusOK {
		described = AppendField(described, "Accept-Ranges", "bytes")
	}
	if known.typ == nil {
		known.typ = []byte(a.Type)
	}
	return NewHead(common, described, known.typ)
}
