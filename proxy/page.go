package proxy

import (
	"encoding/json"
	"net/http"
	"strconv"

	"forebay/proxy/mediatype"
	"forebay/proxy/reply"
)

// sentences say to a person what a status means here.
var sentences = map[int]string{
	http.StatusBadRequest:                   "The request could not be understood.",
	http.StatusForbidden:                    "You may not do this from where you are.",
	http.StatusTooManyRequests:              "That was too much at once. Please try again in a moment.",
	http.StatusNotFound:                     "There is nothing here.",
	http.StatusMethodNotAllowed:             "This method is not available here.",
	http.StatusPreconditionFailed:           "This is not the version that was asked for.",
	http.StatusRequestedRangeNotSatisfiable: "There is no such part of it.",
	http.StatusRequestTimeout:               "The request took too long to arrive.",
	http.StatusRequestEntityTooLarge:        "The request is larger than this server accepts.",
	http.StatusRequestURITooLong:            "The address is longer than this server accepts.",
	http.StatusExpectationFailed:            "This server cannot meet the expectation of the request.",
	http.StatusRequestHeaderFieldsTooLarge:  "The head of the request is larger than this server accepts.",
	http.StatusInternalServerError:          "Something went wrong in the application.",
	http.StatusNotImplemented:               "This server does not know that kind of request.",
	http.StatusBadGateway:                   "The application stopped while it worked on the request.",
	http.StatusServiceUnavailable:           "The application is busy. Please try again in a moment.",
	http.StatusGatewayTimeout:               "The application took too long to answer.",
	http.StatusHTTPVersionNotSupported:      "This server speaks HTTP/1.1.",
	http.StatusInsufficientStorage:          "There is no room for the request at the moment.",
}

// sendPage answers with an error: a short page in HTML or JSON, as the client prefers, with the request's id and nothing
// that is not for strangers. fields are further field lines. A 404 may be stored by caches (RFC 9110, section 15.1), so it says
// what it depends on (section 12.5.5).
func (x *exchange) sendPage(status int, fields []byte) error {
	id, reason := string(x.id), http.StatusText(status)
	x.startHead(status, nil)
	x.out = append(x.out, fields...)
	x.out = reply.AppendField(x.out, "Vary", "Accept")
	var page []byte
	if mediatype.WantsJSON(x.head.Fields) {
		x.out = reply.AppendField(x.out, "Content-Type", "application/json")
		page, _ = json.Marshal(errorDocument{status, reason, id}) // texts and a number: never fails
	} else {
		x.out = reply.AppendField(x.out, "Content-Type", "text/html; charset=utf-8")
		page = []byte(errorPage(status, reason, id))
	}
	x.endHead(x.givenBy(fields), int64(len(page)))
	if string(x.head.Method) == http.MethodHead {
		return x.sendHead()
	}
	return x.sendWhole(page)
}

type errorDocument struct {
	Status    int    `json:"status"`
	Error     string `json:"error"`
	RequestID string `json:"request_id"`
}

// errorPage returns a page for people. All that goes in is ours, or an id that validID has let pass: no escaping is needed.
func errorPage(status int, reason, id string) string {
	return `<!doctype html><html lang="en"><head><meta charset="utf-8">` +
		`<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">` +
		`<title>` + strconv.Itoa(status) + ` ` + reason + `</title>` +
		`<style>body{font:16px/1.5 system-ui,sans-serif;max-width:32em;margin:18vh auto;padding:0 1.5em}` +
		`h1{font-size:1.4em}code{opacity:.7}</style></head><body><main>` +
		`<h1>` + strconv.Itoa(status) + ` ` + reason + `</h1><p>` + sentences[status] + `</p>` +
		`<p><code>` + id + `</code></p></main></body></html>` + "\n"
}
