package measure

import (
	"strings"
	"time"
	"unicode/utf8"

	"forebay/proxy/access"
)

// Sample is what is kept of one request. What of it is a client's is short and printable.
type Sample struct {
	ID           string
	Time         time.Time
	Method, Path string // without the query, which may hold what nobody else is to see
	Status       int
	Reason       access.Reason

	Total, Read, Delayed, Queue, Application, Send time.Duration

	Worker, Thread int
}

const (
	// longestPath and longestMethod bound what is kept of a request, in bytes.
	longestPath   = 200
	longestMethod = 16
)

func sampleOf(e *access.Entry) Sample {
	return Sample{
		ID: string(e.ID), Time: e.Time, Method: printable(e.Method, longestMethod), Path: Path(e.Target),
		Status: e.Status, Reason: e.Reason,
		Total: e.Total, Read: e.Read, Delayed: e.Delayed, Queue: e.Queue, Application: e.Application, Send: e.Send(),
		Worker: e.Worker, Thread: e.Thread,
	}
}

// Path is the path of a request target as it may be shown: without the query, printable and short.
func Path[T []byte | string](target T) string {
	for i := range len(target) {
		if target[i] == '?' {
			return printable(target[:i], longestPath)
		}
	}
	return printable(target, longestPath)
}

// printable makes a string of what a client sent: of ASCII's printable characters, with a question mark for each other
// one, and no longer than longest bytes.
func printable[T []byte | string](text T, longest int) string {
	cut := len(text) > longest
	if cut {
		text = text[:longest]
	}
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; ' ' <= c && c < utf8.RuneSelf-1 {
			b.WriteByte(c)
		} else {
			b.WriteByte('?')
		}
	}
	if cut {
		b.WriteString("…")
	}
	return b.String()
}
