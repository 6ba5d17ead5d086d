package static

import (
	"io/fs"
	"time"

	"github.com/valyala/fasthttp"
)

// lastModified is the time that Last-Modified tells, in the whole seconds that it has. It is zero for files that know
// no time, such as embedded ones. A time to come is told as now (RFC 9110, section 8.8.2.1).
func lastModified(info fs.FileInfo, now time.Time) time.Time {
	modified := info.ModTime()
	if modified.IsZero() {
		return modified
	}
	if modified.After(now) {
		modified = now
	}
	return modified.Truncate(time.Second)
}

// notModified reports whether the client said that it has what was last modified at that time. RFC 9110, section
// 13.1.3: the field counts only if it is one valid date and there is no If-None-Match, which we could not answer for.
func notModified(ctx *fasthttp.RequestCtx, modified time.Time) bool {
	h := &ctx.Request.Header
	since := h.PeekAll(fasthttp.HeaderIfModifiedSince)
	if len(since) != 1 || modified.IsZero() {
		return false
	}
	date, err := fasthttp.ParseHTTPDate(since[0])
	return err == nil && !modified.After(date) && h.Peek(fasthttp.HeaderIfNoneMatch) == nil
}
