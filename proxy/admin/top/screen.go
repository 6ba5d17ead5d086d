package top

import (
	"fmt"
	"strings"

	"forebay/proxy/status"
)

// screen is what top shows: a page of all threads, or the stack of one. It belongs to one goroutine.
type screen struct {
	st       *status.Status // nil before the first
	rate     float64        // requests a second since the state before
	trouble  string         // why nothing new comes; empty if it does
	order    order
	selected int    // index of a row
	stack    string // shown instead of the page; empty: the page is
	scrolled int    // lines of it that are above the screen
	leaving  bool
}

// see takes a new state.
func (s *screen) see(st *status.Status) {
	if s.st != nil && s.st.PID == st.PID && st.Now > s.st.Now {
		s.rate = float64(st.Requests.Total-s.st.Requests.Total) / (st.Now - s.st.Now)
	} else {
		s.rate = minuteRate(st)
	}
	s.st, s.trouble = st, ""
}

// rows are the threads as they are shown.
func (s *screen) rows() []row {
	if s.st == nil {
		return nil
	}
	rows := rowsOf(s.st)
	sortRows(rows, s.order)
	return rows
}

// press does what a key stands for, and returns the thread whose stack is asked for, if one is.
func (s *screen) press(k key) (asked *row) {
	switch k {
	case keyNone:
	case keyQuit:
		s.leaving = s.stack == "" // from a stack it leads back
		s.stack = ""
	case keyInterrupt:
		s.leaving = true
	case keyBack:
		s.stack = ""
	case keyUp:
		s.move(-1)
	case keyDown:
		s.move(+1)
	case keySort:
		s.order = (s.order + 1) % order(len(orderNames))
	case keyEnter:
		if rows := s.rows(); s.stack == "" && s.selected < len(rows) {
			return &rows[s.selected]
		}
	}
	return nil
}

func (s *screen) move(by int) {
	if s.stack != "" {
		s.scrolled = max(0, min(s.scrolled+by, strings.Count(s.stack, "\n")-1))
		return
	}
	s.selected = max(0, min(s.selected+by, len(s.rows())-1))
}

// show has a text take the place of the page.
func (s *screen) show(text string) { s.stack, s.scrolled = Printable(text), 0 }

// The sequences of ECMA-48 that lines are marked with.
const (
	bold    = "\x1b[1m"
	reverse = "\x1b[7m"
	plain   = "\x1b[0m"
)

// draw returns the lines of the screen, as many as fit.
func (s *screen) draw(width, height int) []string {
	var lines []string
	switch {
	case s.stack != "":
		lines = strings.Split(s.stack, "\n")[s.scrolled:]
	case s.st != nil:
		lines = s.page(width, height-1)
	}
	for len(lines) < height-1 {
		lines = append(lines, "")
	}
	lines = append(lines[:max(0, height-1)], s.help())
	for i, line := range lines {
		lines[i] = marked(line, width)
	}
	return lines
}

// marked is a line that is cut to the width, with its mark.
func marked(line string, width int) string {
	for _, mark := range []string{bold, reverse} {
		if text, found := strings.CutPrefix(line, mark); found {
			return mark + fit(text, width) + plain
		}
	}
	return cut(line, width)
}

// page is the summary with the threads below it, of which those around the selected one are shown.
func (s *screen) page(width, height int) []string {
	lines := summary(s.st, s.rate)
	lines[0] = bold + lines[0]
	lines = append(lines, "")
	lines = append(lines, workerLines(s.st)...)
	rows := s.rows()
	s.selected = max(0, min(s.selected, len(rows)-1))
	const least = 6 // of the threads' lines; the summary gives way
	lines = lines[:max(1, min(len(lines), height-least-2))]
	lines = append(lines, "", bold+rowHead)
	room := max(1, height-len(lines))
	first := max(0, min(s.selected-room/2, len(rows)-room))
	for i := first; i < min(first+room, len(rows)); i++ {
		text := rows[i].String()
		if i == s.selected {
			text = reverse + text
		}
		lines = append(lines, text)
	}
	return lines
}

// help is the last line.
func (s *screen) help() string {
	text := fmt.Sprintf("q quit  ↑↓ select  Enter stack  s sort (by %s)", s.order)
	if s.stack != "" {
		text = "q, Esc back  ↑↓ scroll"
	}
	if s.trouble != "" {
		text = printable(s.trouble) + "  " + text
	}
	return reverse + text
}
