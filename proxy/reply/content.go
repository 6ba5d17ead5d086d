package reply

import (
	"crypto/rand"
	"net/http"
	"os"
	"strconv"

	"forebay/proxy/conditional"
	"forebay/python"
)

// Content is a representation that can be asked for, whole or in parts: the answer of 200, from which others are made.
// It is never changed, so that many goroutines may ask it at once.
type Content struct {
	Head       Head
	Validators conditional.Validators
	// Whole: parts of it are not given.
	Whole bool

	whole       Reply
	part        [1]Part // of whole
	notModified Reply
}

// NewMemory makes a Content of bytes, which are never changed.
func NewMemory(head Head, v conditional.Validators, body []byte) *Content {
	c := &Content{Head: head, Validators: v}
	c.whole = Reply{Status: http.StatusOK, Fields: head.lines, Body: body, Length: int64(len(body))}
	c.notModified = Reply{Status: http.StatusNotModified, Fields: head.lines[:head.common]}
	return c
}

// NewFile makes a Content of count bytes of a file from offset. release is called once for each call of Reply, when the
// file is no longer needed for it.
func NewFile(head Head, v conditional.Validators, file *os.File, offset, count int64, release func()) *Content {
	c := NewMemory(head, v, nil)
	c.part[0] = Part{Offset: offset, Count: count}
	c.whole.File, c.whole.Parts, c.whole.Length, c.whole.Release = file, c.part[:], count, release
	return c
}

// MovedTo makes a Content of a content in memory that lies in a file from now on, which is in memory, too: to read it waits
// for no disk. release is as in NewFile.
func (c *Content) MovedTo(file *os.File, offset int64, release func()) *Content {
	moved := NewFile(c.Head, c.Validators, file, offset, c.Size(), release)
	moved.Whole, moved.whole.Resident = c.Whole, true
	return moved
}

// Size is that of the whole, in bytes.
func (c *Content) Size() int64 { return c.whole.Length }

// Guard sets what Reply.Intact of the replies from a file is. It is called before the first of them is made.
func (c *Content) Guard(intact func() bool) { c.whole.Intact = intact }

// IsIntact reports whether the content is still what it was, as far as that can be known without opening anything.
func (c *Content) IsIntact() bool { return c.whole.Intact == nil || c.whole.Intact() }

// InFile reports whether the content lies in a file, so that release is called for each reply.
func (c *Content) InFile() bool { return c.whole.File != nil }

// Bytes returns the content, which is not changed. If it lies in a file it is read now.
func (c *Content) Bytes() ([]byte, error) {
	if c.whole.File == nil {
		return c.whole.Body, nil
	}
	b := make([]byte, c.whole.Length)
	_, err := c.whole.File.ReadAt(b, c.part[0].Offset)
	return b, err
}

// As answers with the whole content as the page of another status.
func (c *Content) As(status int, fields []byte) *Reply {
	page := c.whole
	page.Status, page.Fields = status, fields
	return &page
}

// Reply answers a request for the content on the conditions of the request (RFC 9110, sections 13 and 14). It allocates
// only for parts of the content. The fields are borrowed until it returns.
func (c *Content) Reply(method []byte, request []python.Field) *Reply {
	outcome := conditional.Evaluate(method, request, c.Validators, c.Size())
	switch outcome.Status {
	case http.StatusNotModified:
		c.whole.Done()
		return &c.notModified
	case http.StatusPreconditionFailed:
		c.whole.Done()
		return &preconditionFailed
	case http.StatusRequestedRangeNotSatisfiable:
		if !c.Whole {
			c.whole.Done()
			return c.unsatisfiable()
		}
	case http.StatusPartialContent:
		switch {
		case c.Whole:
		case len(outcome.Ranges) == 1:
			return c.single(outcome.Ranges[0])
		default:
			return c.multiple(outcome.Ranges)
		}
	}
	return &c.whole
}

var preconditionFailed = Reply{Status: http.StatusPreconditionFailed}

// unsatisfiable tells the size, so that the client can ask for what there is (RFC 9110, section 15.5.17).
func (c *Content) unsatisfiable() *Reply {
	value := "bytes */" + strconv.FormatInt(c.Size(), 10)
	return &Reply{Status: http.StatusRequestedRangeNotSatisfiable, Fields: AppendField(nil, rangeName, value)}
}

const rangeName = "Content-Range"

// single is the answer with one part (RFC 9110, section 15.3.7.1).
func (c *Content) single(r conditional.Range) *Reply {
	reply := c.partial(len(c.Head.lines), rangeName, contentRange(r, c.Size()))
	if c.whole.File == nil {
		reply.Body = c.whole.Body[r.Offset:][:r.Count]
	} else {
		reply.Parts = []Part{{Offset: c.part[0].Offset + r.Offset, Count: r.Count}}
	}
	reply.Length = r.Count
	return reply
}

// multiple is the answer with several parts, each with the type of the whole (RFC 9110, section 15.3.7.2).
func (c *Content) multiple(ranges []conditional.Range) *Reply {
	// Whoever knew the boundary could have written it into the file.
	boundary := rand.Text()
	reply := c.partial(c.Head.untyped, typeName, "multipart/byteranges; boundary="+boundary)
	reply.Suffix = []byte("\r\n--" + boundary + "--\r\n")
	reply.Length = int64(len(reply.Suffix))
	for i, r := range ranges {
		prefix := c.prefix(boundary, r)
		if i == 0 {
			prefix = prefix[len("\r\n"):]
		}
		reply.Parts = append(reply.Parts, Part{prefix, c.part[0].Offset + r.Offset, r.Count})
		reply.Length += int64(len(prefix)) + r.Count
	}
	if c.whole.File == nil {
		c.gather(reply)
	}
	return reply
}

// prefix is what stands before a part.
func (c *Content) prefix(boundary string, r conditional.Range) []byte {
	b := append([]byte("\r\n--"), boundary+"\r\n"...)
	if len(c.Head.typ) > 0 {
		b = AppendField(b, typeName, c.Head.typ)
	}
	return append(AppendField(b, rangeName, contentRange(r, c.Size())), "\r\n"...)
}

// gather puts the parts into one body, where they are parts of memory.
func (c *Content) gather(reply *Reply) {
	body := make([]byte, 0, reply.Length)
	for _, part := range reply.Parts {
		body = append(append(body, part.Prefix...), c.whole.Body[part.Offset:][:part.Count]...)
	}
	reply.Body = append(body, reply.Suffix...)
	reply.Parts, reply.Suffix = nil, nil
}

// partial is the beginning of a 206.
func (c *Content) partial(lines int, name, value string) *Reply {
	return &Reply{
		Status: http.StatusPartialContent, Fields: c.Head.plus(lines, name, value),
		File: c.whole.File, Resident: c.whole.Resident, Intact: c.whole.Intact, Release: c.whole.Release,
	}
}
