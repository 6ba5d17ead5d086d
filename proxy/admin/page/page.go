// Package page is the live page of the admin listener: one HTML document with its style sheet and its script inside, so that
// a loaded page is of one version and asks for nothing but the API that it stands beside.
//
// The listener mounts it with two calls, and serves it without asking for a token, as there is nothing in it to be kept
// secret; the page asks for the token where the API answers 401:
//
//	for name, value := range page.Header() { ... set the field ... }
//	... GET / answers page.HTML()
//
// Of the listener it uses, all below the path that the page itself is served at:
//
//	GET /api/events                     event: status, each second; with the seconds since the last one as its history
//	GET /api/status                     asked whether a token was the right one
//	GET /api/workers/PID/stack?thread=N text/plain
//	POST /api/reload                    with "X-Forebay: 1"
//	GET /?token=TOKEN                   sets the cookie and redirects
//
// The status is that of package status. Where an event has no history the page makes an entry from the counters' difference and
// the window's percentiles; a field that is missing is shown as a dash.
package page

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"maps"
	"strings"
	"sync"
)

// sources are the document and what is put into it.
//
//go:embed page.html page.css js/*.js
var sources embed.FS

// scripts are the parts of the page's one module, in the order in which each finds what it needs.
var scripts = []string{
	"format", "dom", "series", "chart", "charts", "summary", "workers", "thread", "requests", "tables", "reload", "token",
	"stream", "main",
}

// document is the page as it is served.
type document struct {
	html   []byte
	header map[string]string
}

var built = sync.OnceValue(build)

// HTML returns the page, in UTF-8. It is the same slice each time and must not be changed. Safe for concurrent use.
func HTML() []byte { return built().html }

// Header returns the fields that are sent with the page. The map is the caller's own. Safe for concurrent use.
func Header() map[string]string { return maps.Clone(built().header) }

func build() document {
	style, theme, module := source("page.css"), source("js/theme.js"), module()
	html := strings.NewReplacer("{{style}}", style, "{{theme}}", theme, "{{module}}", module).Replace(source("page.html"))
	return document{
		html: []byte(html),
		header: map[string]string{
			"Content-Type":            "text/html; charset=utf-8",
			"Content-Security-Policy": policy(style, theme, module),
			// After an upgrade the page must be the new server's.
			"Cache-Control":                "no-cache",
			"ETag":                         `"` + base64.RawURLEncoding.EncodeToString(sum(html)[:12]) + `"`,
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Referrer-Policy":              "no-referrer",
			"X-Content-Type-Options":       "nosniff",
			"X-Frame-Options":              "DENY",
		},
	}
}

// module is the text of all scripts: one module, whose names nobody else sees.
func module() string {
	var text strings.Builder
	for _, name := range scripts {
		text.WriteString(source("js/" + name + ".js"))
	}
	return text.String()
}

// policy allows the page what it holds, by hash, and requests to its own origin. Trusted types without a policy mean that no
// text can become HTML: what clients send is shown as text, whatever is wrong with the script.
func policy(style, theme, module string) string {
	return strings.Join([]string{
		"default-src 'none'",
		"script-src " + hash(theme) + " " + hash(module),
		"style-src " + hash(style),
		"img-src data:",
		"connect-src 'self'",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
		"require-trusted-types-for 'script'",
		"trusted-types 'none'",
	}, "; ")
}

// hash is a text's source expression (CSP 3, 2.3.1).
func hash(text string) string {
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum(text)) + "'"
}

func sum(text string) []byte {
	digest := sha256.Sum256([]byte(text))
	return digest[:]
}

func source(name string) string {
	text, err := sources.ReadFile(name)
	if err != nil {
		panic(err) // the pattern above names it
	}
	return string(text)
}
