package static

import (
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"time"

	"github.com/valyala/fasthttp"

	"forebay/proxy/mediatype"
)

// smallFile is the size up to which a file is read whole before anything is sent: one write has head and body, the
// descriptor is closed at once, and a fault can still be told by a status.
const smallFile = 64 << 10

// send opens the file and makes the response from what was opened, so that one that is replaced in the meantime, by
// another file or by a link, is answered whole or not at all. An error leaves no trace in the response.
func send(ctx *fasthttp.RequestCtx, fsys fs.FS, name string) error {
	file, err := fsys.Open(name)
	if err != nil {
		return err
	}
	keep := false
	defer func() {
		if !keep {
			_ = file.Close() // it was only read from
		}
	}()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return &fs.PathError{Op: "serve", Path: name, Err: fs.ErrNotExist}
	}
	modified := lastModified(info, time.Now())
	if notModified(ctx, modified) {
		// RFC 9110, section 15.4.5: of the fields that describe a file, a 304 has only those that tell its version.
		ctx.Response.ResetBody()
		ctx.SetStatusCode(http.StatusNotModified)
		ctx.Response.Header.SetLastModified(modified)
		return nil
	}
	switch size := info.Size(); {
	case ctx.IsHead():
		ctx.Response.ResetBody()
		ctx.Response.SkipBody = true
		ctx.Response.Header.SetContentLength(int(size))
	case size <= smallFile:
		if err := readWhole(ctx, file, int(size)); err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
	default:
		// fasthttp hands a bare *os.File with a known size to sendfile. It stops at that size if the file has grown,
		// closes the connection if it has shrunk, and closes the file in any case.
		ctx.SetBodyStream(file, int(size))
		keep = true
	}
	ctx.SetStatusCode(http.StatusOK)
	describe(ctx, name, modified)
	return nil
}

// readWhole reads size bytes into the response's own buffer, which is used again for later responses. A file that has
// become shorter is an error: what is left of it may be half of a file that is being written.
func readWhole(ctx *fasthttp.RequestCtx, file io.Reader, size int) error {
	ctx.Response.ResetBody()
	body := slices.Grow(ctx.Response.SwapBody(nil)[:0], size)[:size]
	if _, err := io.ReadFull(file, body); err != nil {
		return err
	}
	ctx.Response.SwapBody(body)
	return nil
}

// describe sets the fields that tell what the file is.
func describe(ctx *fasthttp.RequestCtx, name string, modified time.Time) {
	h := &ctx.Response.Header
	h.SetContentType(mediatype.ByName(name))
	h.Set(fasthttp.HeaderXContentTypeOptions, "nosniff")
	if !modified.IsZero() {
		h.SetLastModified(modified)
	}
}
