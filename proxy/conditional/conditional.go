// Package conditional decides what a client gets that asked on conditions, or for a part only: RFC 9110, sections 13
// and 14, as functions of the request's fields and of what is known about the representation.
//
// It promises that nothing it cannot read makes an answer smaller than it should be: a condition that is not valid is
// as good as none, and a range that is not valid gets the whole.
package conditional

import (
	"bytes"
	"net/http"

	"forebay/python"
)

// Validators are what tells one version of a representation from another.
type Validators struct {
	// ETag is an entity-tag as the field has it: "x" in its quotes, or W/"x". Empty means that there is none.
	ETag []byte
	// Modified is Last-Modified, in seconds since the epoch. 0 means that it is not known.
	Modified int64
}

// Outcome is what is decided.
type Outcome struct {
	// Status is 200 (the whole), 206 (the Ranges), 304, 412 or 416.
	Status int
	// Ranges are what a 206 has, in the order in which they were asked for: at least one, and no empty ones.
	Ranges []Range
}

// Range is a part of a representation, in bytes.
type Range struct{ Offset, Count int64 }

// Evaluate decides about a request for a representation of size bytes that would be answered 200 were there no
// conditions. It allocates nothing unless the answer is 206. The fields are borrowed until it returns.
func Evaluate(method []byte, fields []python.Field, v Validators, size int64) Outcome {
	var asked conditions
	if !asked.gather(fields) {
		return Outcome{Status: http.StatusOK}
	}
	isGet := string(method) == http.MethodGet
	status := asked.precondition(v, isGet || string(method) == http.MethodHead)
	if status != http.StatusOK {
		return Outcome{Status: status}
	}
	// Section 14.2: a Range is about GET alone; and 13.1.5: it does not count if the version is another one.
	if !isGet || asked.ranges.count != 1 || !asked.sameVersion(v) {
		return Outcome{Status: http.StatusOK}
	}
	return selectRanges(asked.ranges.value, size)
}

// conditions are the fields of a request that this package knows.
type conditions struct {
	fields           []python.Field
	match, noneMatch int // how many fields there are; they are lists, and so may be several
	modifiedSince    single
	unmodifiedSince  single
	ifRange, ranges  single
}

// single is a field that may stand once.
type single struct {
	value []byte
	count int
}

func (s *single) set(value []byte) {
	s.value = value
	s.count++
}

// gather finds the fields and reports whether there is any.
func (c *conditions) gather(fields []python.Field) bool {
	c.fields = fields
	found := false
	for i := range fields {
		f := &fields[i]
		if len(f.Name) == 0 || (f.Name[0]|0x20 != 'i' && f.Name[0]|0x20 != 'r') {
			continue // nearly all fields
		}
		found = c.note(f.Name, f.Value) || found
	}
	return found
}

func (c *conditions) note(name, value []byte) bool {
	switch {
	case python.EqualFold(name, "range"):
		c.ranges.set(value)
	case python.EqualFold(name, "if-match"):
		c.match++
	case python.EqualFold(name, "if-range"):
		c.ifRange.set(value)
	case python.EqualFold(name, "if-none-match"):
		c.noneMatch++
	case python.EqualFold(name, "if-modified-since"):
		c.modifiedSince.set(value)
	case python.EqualFold(name, "if-unmodified-since"):
		c.unmodifiedSince.set(value)
	default:
		return false
	}
	return true
}

// precondition is the order of section 13.2.2, up to the ranges.
func (c *conditions) precondition(v Validators, safe bool) int {
	switch {
	case c.match > 0:
		if !c.lists("if-match", v.ETag, strong) {
			return http.StatusPreconditionFailed
		}
	case modifiedAfter(v, c.unmodifiedSince) == yes:
		return http.StatusPreconditionFailed
	}
	switch {
	case c.noneMatch > 0:
		switch {
		case !c.lists("if-none-match", v.ETag, weak):
		case safe:
			return http.StatusNotModified
		default:
			return http.StatusPreconditionFailed
		}
	case safe && modifiedAfter(v, c.modifiedSince) == no:
		return http.StatusNotModified
	}
	return http.StatusOK
}

// lists reports whether the tag is in the lists of all the fields with that name.
func (c *conditions) lists(name string, tag []byte, same comparison) bool {
	for i := range c.fields {
		f := &c.fields[i]
		if python.EqualFold(f.Name, name) && listHas(f.Value, tag, same) {
			return true
		}
	}
	return false
}

// sameVersion reports whether If-Range, if there is one, names the version that we have (section 13.1.5). By a tag it
// must be a strong one; a date is compared for equality, as whether it is strong was the client's to find out before it
// sent it.
func (c *conditions) sameVersion(v Validators) bool {
	if c.ifRange.count == 0 {
		return true
	}
	if c.ifRange.count > 1 {
		return false
	}
	value := c.ifRange.value
	if bytes.IndexByte(value, '"') >= 0 {
		tag, rest := cutTag(value)
		return len(rest) == 0 && strong(tag, v.ETag)
	}
	seconds, valid := ParseDate(value)
	return valid && v.Modified != 0 && seconds == v.Modified
}

// answer is that of a condition that may not apply.
type answer int

const (
	unknown answer = iota
	no
	yes
)

// modifiedAfter says whether the representation was modified after the date. Sections 13.1.3 and 13.1.4: that is not
// known if it is no valid date, or several, or if we have no date ourselves.
func modifiedAfter(v Validators, date single) answer {
	if date.count != 1 || v.Modified == 0 {
		return unknown
	}
	seconds, valid := ParseDate(date.value)
	switch {
	case !valid:
		return unknown
	case v.Modified > seconds:
		return yes
	default:
		return no
	}
}
