package head

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/proxy/target"
)

// wideLimits are those that a head does not meet if it is not long on purpose.
var wideLimits = Limits{Target: 512, Fields: 16, Field: 512}

// A difference is a way in which net/http and the front read a head differently, and why. It is about heads whose request
// line and field lines, as they stand on the wire, match its patterns, and which one of the two refuses with a certain
// reason. Where both serve the head, it is about one part of the request.
type difference struct {
	why    string
	head   string // one in which they differ so
	reason string // the beginning of it
	part   string
	line   *regexp.Regexp
	fields *regexp.Regexp
}

var re = regexp.MustCompile

// stricter are the heads that net/http serves and the front refuses. The reason is the front's.
var stricter = []difference{
	{
		why:    "RFC 9112, section 2.2, lets a recipient take LF alone for the end of a line, and net/http does",
		head:   "GET / HTTP/1.1\nHost: a\r\n\r\n",
		reason: "the request line does not end with CR LF", line: re(`[^\r]$`),
	},
	{
		why:    "LF alone at the end of a field line",
		head:   "GET / HTTP/1.1\r\nHost: a\n\r\n\r\n",
		reason: "a field line does not end with CR LF", fields: re(`(?:^|[^\r])\n`),
	},
	{
		why:    "net/http joins folded lines, as RFC 9112, section 5.2, allows",
		head:   "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n",
		reason: "a folded field line", fields: re(`\n[ \t]`),
	},
	{
		why:    "net/http leaves it to its handler to be a proxy",
		head:   "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
		reason: "CONNECT is for proxies", line: re(`^CONNECT `),
	},
	{
		why:    "net/http takes the authority of CONNECT as it comes, and be it none",
		head:   "CONNECT  HTTP/1.1\r\nHost: a\r\n\r\n",
		reason: "no request target", line: re(`^CONNECT  `),
	},
	{
		why:    "net/http takes any URI, of any scheme, with or without an authority",
		head:   "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
		reason: "the request target is neither a path nor a http URI", line: re(`^\S+ [A-Za-z][-+.0-9A-Za-z]*:`),
	},
	{
		why:    "a http URI has a host (RFC 9110, section 4.2.1); net/http takes the Host field for one that has none",
		head:   "GET http:///b HTTP/1.1\r\nHost: a\r\n\r\n",
		reason: "the authority of the request target is not valid", line: re(`^\S+ (?i:https?)://(?::[0-9]*)?[/? ]`),
	},
	{
		why:    "a user in a http URI is an error (RFC 9110, section 4.2.4); net/http drops it",
		head:   "GET http://u@b/ HTTP/1.1\r\nHost: a\r\n\r\n",
		reason: "the authority of the request target is not valid", line: re(`^\S+ (?i:https?)://[^/? ]*@`),
	},
	{
		why:    "net/http decodes escapes in a host, zones with them",
		head:   "GET http://b%c3%a9/ HTTP/1.1\r\nHost: a\r\n\r\n",
		reason: "the authority of the request target is not valid", line: re(`^\S+ (?i:https?)://[^/? ]*%`),
	},
	{
		why:    "net/http takes a port of any number of digits",
		head:   "GET http://b:000080/ HTTP/1.1\r\nHost: a\r\n\r\n",
		reason: "the authority of the request target is not valid", line: re(`^\S+ (?i:https?)://[^/? ]*:[0-9]{6}`),
	},
	{
		why:    "net/http takes quotes, and brackets that enclose nothing, for bytes of a host; a URI has none (RFC 3986, section 3.2.2)",
		head:   "GET http://<b>/ HTTP/1.1\r\nHost: a\r\n\r\n",
		reason: "the authority of the request target is not valid", line: re(`^\S+ (?i:https?)://[^/? ]*["<>\[\]]`),
	},
	{
		why:    "the asterisk is for OPTIONS (RFC 9112, section 3.2.4); net/http leaves that to its handler",
		head:   "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
		reason: "the target * belongs to OPTIONS", line: re(`^\S+ \* `),
	},
	{
		why:    "bytes beyond ASCII, which no URI has (RFC 3986, section 2); net/http takes them for UTF-8",
		head:   "GET /caf\xe9 HTTP/1.1\r\nHost: a\r\n\r\n",
		reason: "byte 0x", line: re(`^\S+ [^ ]*[^\x00-\x7F]`),
	},
	{
		why:    "a target has no fragment (RFC 9112, section 3.2); net/http takes it for a part of the path",
		head:   "GET /#b HTTP/1.1\r\nHost: a\r\n\r\n",
		reason: "byte 0x23 in the request target", line: re(`^\S+ [^ ]*#`),
	},
	{
		why:    "a later minor version, for which RFC 9110, section 2.5, demands nothing; net/http serves it as 1.1",
		head:   "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
		reason: "protocol \"HTTP/1.", line: re(` HTTP/1\.[2-9]\r$`),
	},
	{
		why:    "net/http lets a handler serve the preface of HTTP/2",
		head:   "PRI * HTTP/2.0\r\n\r\n",
		reason: "protocol \"HTTP/2.0\"", line: re(`^PRI \* HTTP/2\.0\r$`),
	},
	{
		why:    "net/http looks at a host's bytes only: none, a list, escapes and several ports pass",
		head:   "GET / HTTP/1.1\r\nHost: b,c%41:80:80\r\n\r\n",
		reason: "the Host field is not valid", fields: re(`(?i)(?:^|\n)host:`),
	},
	{
		why:    "transfer codings in HTTP/1.0, which RFC 9112, section 6.1, calls faulty; net/http ignores them",
		head:   "POST / HTTP/1.0\r\nTransfer-Encoding: gzip\r\n\r\n",
		reason: "a transfer coding other than chunked", line: re(` HTTP/1\.0\r$`),
	},
	{
		why:    "chunked in HTTP/1.0: net/http ignores it, and so takes the body for the next request",
		head:   "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
		reason: "Transfer-Encoding in HTTP/1.0", line: re(` HTTP/1\.0\r$`),
	},
	{
		why:    "more than one coding in HTTP/1.0",
		head:   "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
		reason: "more than one Transfer-Encoding", line: re(` HTTP/1\.0\r$`),
	},
	{
		why:    "RFC 9112, section 6.3, lets a server drop the length and read the chunks, and net/http does",
		head:   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
		reason: "both Content-Length and Transfer-Encoding", fields: re(`(?is)content-length:.*transfer-encoding:|transfer-encoding:.*content-length:`),
	},
	{
		why:    "two equal lengths, which RFC 9112, section 6.3, lets a recipient take for one",
		head:   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
		reason: "more than one Content-Length", fields: re(`(?is)content-length:.*\ncontent-length:`),
	},
	{
		why:    "a length of 19 digits fits 63 bits, sometimes",
		head:   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000000000\r\n\r\n",
		reason: "the Content-Length is not valid", fields: re(`(?i)content-length:[ \t]*[0-9]{19,}`),
	},
	{
		why:    "net/http looks for 100-continue in the first Expect field, and does not see what stands beside it",
		head:   "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue, x\r\n\r\n",
		reason: "an expectation other than", fields: re(`(?is)expect:[ \t]*(?:\r|.*100-continue)`),
	},
	{
		why:    "net/http bounds all of a head, to 1 MiB, but no part of it",
		head:   "GET /" + strings.Repeat("a", 512) + " HTTP/1.1\r\nHost: a\r\n\r\n",
		reason: "the request target is longer than", line: re(`^\S+ [^ ]{512}`),
	},
	{
		why:    "a long field line",
		head:   "GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("a", 512) + "\r\n\r\n",
		reason: "a field line of more than", fields: re(`[^\n]{512}`),
	},
	{
		why:    "many field lines",
		head:   "GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X: a\r\n", 16) + "\r\n",
		reason: "more than 16 field lines", fields: re(`(?s)(?:[^\n]*\n){17}`),
	},
}

// laxer are the heads that the front serves and net/http refuses. The reason is its status line.
var laxer = []difference{
	{
		why:    "an expectation in HTTP/1.0 is to be ignored (RFC 9110, section 10.1.1); net/http answers 417",
		head:   "POST / HTTP/1.0\r\nExpect: x\r\n\r\n",
		reason: "HTTP/1.0 417", line: re(` HTTP/1\.0\r$`), fields: re(`(?i)expect:`),
	},
	{
		why:    "what a Trailer field announces is a hint, and what trailers say is dropped; net/http refuses the announcement of fields that frame",
		head:   "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: Content-Length\r\n\r\n",
		reason: "HTTP/1.1 400", fields: re(`(?is)trailer:.*(?:content-length|transfer-encoding|trailer)`),
	},
}

// otherwise are the parts of requests that both serve, and read differently.
var otherwise = []difference{
	{
		why:  "the path of a http URI without one is / (RFC 9110, section 4.2.3); net/http leaves it empty",
		head: "GET http://b HTTP/1.1\r\nHost: a\r\n\r\n",
		part: "path", line: re(`^\S+ (?i:https?)://[^/? ]+[? ]`),
	},
}

// explain returns why net/http and the front read a head differently, or "".
func explain(differences []difference, part, reason, line, fields string) string {
	for _, d := range differences {
		if d.part == part && strings.HasPrefix(reason, d.reason) &&
			(d.line == nil || d.line.MatchString(line)) && (d.fields == nil || d.fields.MatchString(fields)) {
			return d.why
		}
	}
	return ""
}

// compare has a head read by the front and by net/http, and returns why they differ where they do.
func compare(t *testing.T, ref *reference, block []byte) (why []string) {
	t.Helper()
	h := new(Head)
	err := h.Read(block, wideLimits)
	var path []byte
	if err == nil { // the front's next step
		path, err = target.Decode(nil, h.Path)
	}
	theirs := ref.read(block)
	line, fields, _ := strings.Cut(string(block), "\n")
	var differences []difference
	var parts map[string]string
	reason := ""
	switch {
	case err != nil && theirs.refused != "":
		return nil
	case err != nil:
		differences, reason, parts = stricter, err.Error(), map[string]string{"": "serves it"}
	case theirs.refused != "":
		differences, reason, parts = laxer, theirs.refused, map[string]string{"": "refuses it"}
	default:
		differences, parts = otherwise, contradictions(h, path, theirs)
	}
	for part, said := range parts {
		because := explain(differences, part, reason, line, fields)
		require.NotEmpty(t, because, "unexplained: %q\nfront: %v\nnet/http: %s %s", block, err, part, said)
		why = append(why, because)
	}
	return why
}

// contradictions are the parts of a request in which the front, with the decoded path, and net/http differ.
func contradictions(h *Head, path []byte, theirs reading) map[string]string {
	parts := map[string]string{}
	compare := func(part string, ours, theirs any) {
		if !assert.ObjectsAreEqual(ours, theirs) {
			parts[part] = fmt.Sprintf("%#v, not %#v", theirs, ours)
		}
	}
	compare("method", string(h.Method), theirs.method)
	compare("target", string(h.Target), theirs.target)
	compare("protocol", string(h.Protocol), theirs.protocol)
	compare("host", string(h.Host), theirs.host)
	compare("path", string(path), theirs.path)
	compare("query", string(h.Query), theirs.query)
	compare("length", max(h.Length, 0), max(theirs.length, 0)) // one is -1 where there is none, the other in chunks
	compare("chunked", h.Chunked, theirs.chunked)
	compare("close", !h.Persistent(), theirs.close)
	compare("fields", headerOf(h), theirs.header)
	return parts
}

// headerOf is what net/http makes of field lines: it takes out those that it has dealt with.
func headerOf(h *Head) http.Header {
	header := http.Header{}
	for _, f := range h.Fields {
		switch name := textproto.CanonicalMIMEHeaderKey(string(f.Name)); {
		case name == "Host", name == "Transfer-Encoding", name == "Trailer" && h.Chunked:
		default:
			header[name] = append(header[name], string(f.Value))
		}
	}
	if header.Get("Pragma") == "no-cache" && header["Cache-Control"] == nil {
		header["Cache-Control"] = []string{"no-cache"} // of HTTP/1.0 (RFC 9111, section 5.4)
	}
	return header
}

// heads are where mutation and fuzzing begin.
var heads = []string{
	"GET / HTTP/1.1\r\nHost: a.example\r\n",
	"GET /a/%41?b=c&d HTTP/1.1\r\nHost: a.example:80\r\nAccept: */*\r\nX-A: 1\r\nx-a:2\r\n",
	"GET http://b.example:81/a?b HTTP/1.1\r\nHost: a.example\r\n",
	"GET http://b?c HTTP/1.1\r\nHost: [::1]:80\r\n",
	"OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n",
	"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n",
	"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\nExpect: 100-continue\r\n",
	"GET / HTTP/1.0\r\n",
	"PUT / HTTP/1.0\r\nContent-Length: 0\r\nConnection: x, Keep-Alive\r\nPragma: no-cache\r\n",
	"PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n",
	"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n",
	"PRI * HTTP/2.0\r\n",
}

// lines and words are what mutation puts between two lines, and elsewhere.
var (
	lines = []string{
		"Host: b", "Host:", "Host: u@b", "Host: b/c", "Host: b,c", "Host: b:80:80", "Host: [::1", "hOST: b", "Host : b",
		"Content-Length: 5", "content-length: 5", "Content-Length: 6", "Content-Length: 5, 5", "Content-Length: +5", "Content-Length:",
		"Content-Length: 0x5", "Content-Length: 1000000000000000000", "Content-Length: 10000000000000000000",
		"Transfer-Encoding: chunked", "transfer-encoding: Chunked", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: identity",
		"Transfer-Encoding:\x0bchunked", "Transfer-Encoding:", "Transfer-Encoding : chunked",
		"Expect: 100-continue", "Expect: 100-Continue, x", "Expect: 200-ok", "Expect:", "Trailer: X-Sum", "Trailer: Content-Length",
		"Connection: close", "Connection: keep-alive", "Connection: a,\t CLOSE ,b", "Connection: closed", "Upgrade: h2c",
		"Pragma: no-cache", "Cache-Control: x", "X", "X: a", "X : a", "X Y: a", "X_Y: a", "\xe9: a", "X: \xe9", ": a", "X:", "X: a\x00", "X: a\rb",
		" folded", "\tfolded", "", "X: " + strings.Repeat("a", 512), "X: " + strings.Repeat("a\r\nX: ", 16), "GET / HTTP/1.1",
	}
	words = []string{
		"\r", "\n", "\r\n", "\n\r", "\r\r\n", " ", "\t", "\x00", "\x0b", "\x7f", "\x80", "\xc3\xa9", "\r\n ", "\r\n\t",
		"GET", "get", "M-SEARCH", "CONNECT", "OPTIONS", "PRI", "*", "/", "//", "\\", "?", "#", "%", "%z", "%zz", "%00", "%2f", "..", ";", "=",
		":", "::", ":80", ":99999", ":999999", "@", "u:p@", "[::1]", "[fe80::1%25en0]", "[1]", "[::1", "]", "b", "b%41",
		"http:", "http:/", "http://", "http:///", "HTTPS://b", "ftp://b", "b:1", "http://b", "http://[::1]:80/",
		"HTTP/1.0", "HTTP/1.1", "HTTP/1.2", "HTTP/2.0", "HTTP/0.9", "HTTP/11", "http/1.1", ".", ",", "+", "-", "_", "0", "1", "\"",
		"/" + strings.Repeat("a", 512),
	}
)

// mutate puts a line between two lines of raw, or replaces a word or a few bytes of it.
func mutate(random *rand.Rand, raw []byte) []byte {
	at := random.IntN(len(raw) + 1)
	end, by := min(len(raw), at+random.IntN(4)), words[random.IntN(len(words))]
	switch random.IntN(8) {
	case 0: // nothing for them
		by = ""
	case 1, 2, 3:
		at += bytes.IndexByte(raw[at:], '\n') + 1
		end, by = at, lines[random.IntN(len(lines))]+"\r\n"
	case 4, 5:
		at = bytes.LastIndexAny(raw[:at], " \n") + 1
		end = at + max(0, bytes.IndexAny(raw[at:], " \r"))
	}
	return slices.Concat(raw[:at], []byte(by), raw[end:])
}

// headOf is raw up to the empty line, as the front cuts it.
func headOf(raw []byte) []byte {
	end := bytes.Index(raw, []byte("\r\n\r\n"))
	if end < 0 {
		return append(slices.Clip(bytes.TrimSuffix(raw, []byte("\r\n"))), "\r\n\r\n"...)
	}
	return raw[:end+len("\r\n\r\n")]
}

// TestDifferences shows that each explained difference is one.
func TestDifferences(t *testing.T) {
	ref := startReference(t)
	for _, d := range slices.Concat(stricter, laxer, otherwise) {
		assert.Equal(t, []string{d.why}, compare(t, ref, []byte(d.head)), "%q", d.head)
	}
}

// TestMutationsAgainstNetHTTP compares heads with a few faults in them.
func TestMutationsAgainstNetHTTP(t *testing.T) {
	ref := startReference(t)
	random := rand.New(rand.NewPCG(9112, 3)) //nolint:gosec // a test that can be repeated
	from := slices.Clone(heads)
	for _, d := range slices.Concat(stricter, laxer, otherwise) {
		from = append(from, d.head)
	}
	for range 6_000 {
		raw := []byte(from[random.IntN(len(from))])
		for range 1 + random.IntN(3) {
			raw = mutate(random, raw)
		}
		compare(t, ref, headOf(raw))
	}
}

// TestRequestsAgainstNetHTTP compares what the front's own tests send.
func TestRequestsAgainstNetHTTP(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "requests", "*", "*.http"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	ref := startReference(t)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			compare(t, ref, headOf(raw))
		})
	}
}

// FuzzAgainstNetHTTP finds the differences that nobody has thought of.
func FuzzAgainstNetHTTP(f *testing.F) {
	for _, head := range heads {
		f.Add([]byte(head))
		for _, line := range lines {
			f.Add([]byte(head + line + "\r\n"))
		}
	}
	ref := startReference(f)
	f.Fuzz(func(t *testing.T, raw []byte) { compare(t, ref, headOf(raw)) })
}
