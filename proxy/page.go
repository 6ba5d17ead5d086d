package proxy

import (
	"net/http"
	"strconv"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// sentences say to a person what a status means here.
var sentences = map[int]string{
	http.StatusBadRequest:                  "The request could not be understood.",
	http.StatusNotFound:                    "There is nothing here.",
	http.StatusMethodNotAllowed:            "This method is not available here.",
	http.StatusRequestTimeout:              "The request took too long to arrive.",
	http.StatusRequestEntityTooLarge:       "The request is larger than this server accepts.",
	http.StatusRequestURITooLong:           "The address is longer than this server accepts.",
	http.StatusExpectationFailed:           "This server cannot meet the expectation of the request.",
	http.StatusRequestHeaderFieldsTooLarge: "The head of the request is larger than this server accepts.",
	http.StatusInternalServerError:         "Something went wrong in the application.",
	http.StatusNotImplemented:              "This server does not know that kind of request.",
	http.StatusBadGateway:                  "The application stopped while it worked on the request.",
	http.StatusServiceUnavailable:          "The application is busy. Please try again in a moment.",
	http.StatusGatewayTimeout:              "The application took too long to answer.",
	http.StatusHTTPVersionNotSupported:     "This server speaks HTTP/1.1.",
	http.StatusInsufficientStorage:         "There is no room for the request at the moment.",
}

// writePage writes the body of an error: short, HTML or JSON as the client prefers, with the request's id and nothing that
// is not for strangers.
func (x *exchange) writePage(status int) {
	c := x.p.fiber.AcquireCtx(x.ctx)
	defer x.p.fiber.ReleaseCtx(c)
	id := string(x.id[:])
	reason := fasthttp.StatusMessage(status)
	if c.Accepts(fiber.MIMETextHTML, fiber.MIMEApplicationJSON) == fiber.MIMEApplicationJSON {
		c.Response().Header.SetContentType(fiber.MIMEApplicationJSON)
		_ = c.JSON(errorDocument{status, reason, id}) // a struct of texts and a number
	} else {
		c.Response().Header.SetContentType(fiber.MIMETextHTMLCharsetUTF8)
		c.Response().SetBodyString(errorPage(status, reason, id))
	}
	if !x.ctx.IsHead() {
		x.sent = int64(len(c.Response().Body()))
	}
}

type errorDocument struct {
	Status    int    `json:"status"`
	Error     string `json:"error"`
	RequestID string `json:"request_id"`
}

// errorPage returns a page for people. All that goes in is ours: no escaping is needed.
func errorPage(status int, reason, id string) string {
	return `<!doctype html><html lang="en"><head><meta charset="utf-8">` +
		`<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">` +
		`<title>` + strconv.Itoa(status) + ` ` + reason + `</title>` +
		`<style>body{font:16px/1.5 system-ui,sans-serif;max-width:32em;margin:18vh auto;padding:0 1.5em}` +
		`h1{font-size:1.4em}code{opacity:.7}</style></head><body>` +
		`<h1>` + strconv.Itoa(status) + ` ` + reason + `</h1><p>` + sentences[status] + `</p>` +
		`<p><code>` + id + `</code></p></body></html>` + "\n"
}
