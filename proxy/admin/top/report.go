package top

import (
	"fmt"
	"io"
	"strings"

	"forebay/proxy/status"
)

// listed is how many of the slowest and of the failed requests a report has.
const listed = 5

// Write writes the state of a server as text. An error is the writer's.
func Write(w io.Writer, st *status.Status) error {
	parts := [][]string{summary(st, minuteRate(st)), workerLines(st), threadLines(st), slowest(st, listed), wrong(st, listed)}
	var texts []string
	for _, lines := range parts {
		if len(lines) > 0 {
			texts = append(texts, strings.Join(lines, "\n")+"\n")
		}
	}
	_, err := io.WriteString(w, strings.Join(texts, "\n"))
	return err
}

// threadLines are the threads that run something.
func threadLines(st *status.Status) []string {
	rows := busyRows(st)
	if len(rows) == 0 {
		return nil
	}
	sortRows(rows, byTime)
	lines := []string{rowHead}
	for _, r := range rows {
		lines = append(lines, r.String())
	}
	return lines
}

// rowHead stands above rows.
var rowHead = fmt.Sprintf("%-8s %-6s %-6s %9s  %s", "worker", "thread", "state", "for", "request")
