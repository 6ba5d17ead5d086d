package top

import (
	"cmp"
	"fmt"
	"slices"

	"forebay/proxy/status"
)

// row is a thread with what it runs.
type row struct {
	pid, thread int
	state       string
	age         float64
	request     *status.Request // nil: nothing
}

func (r row) String() string {
	text := ""
	if q := r.request; q != nil {
		text = fmt.Sprintf("%s %s  %s", printable(q.Method), printable(q.Path), printable(q.ID))
	}
	return fmt.Sprintf("%-8d %-6d %-6s %9s  %s", r.pid, r.thread, r.state, seconds(r.age), text)
}

// rowsOf are all threads in the order of workers.
func rowsOf(st *status.Status) []row {
	var rows []row
	for _, w := range st.Workers {
		for _, t := range w.Threads {
			r := row{pid: w.PID, thread: t.Thread, state: t.State, request: t.Request}
			if t.Since > 0 {
				r.age = max(0, st.Now-t.Since)
			}
			rows = append(rows, r)
		}
	}
	return rows
}

func busyRows(st *status.Status) []row {
	return slices.DeleteFunc(rowsOf(st), func(r row) bool { return r.request == nil })
}

// order is what rows are sorted by.
type order int

// The orders, as the key s goes through them.
const (
	byTime   order = iota // busy ones first, the longest first
	byWorker              // as they are
	byPath
)

var orderNames = [...]string{byTime: "time", byWorker: "worker", byPath: "path"}

func (o order) String() string { return orderNames[o] }

func sortRows(rows []row, by order) {
	busy := func(r row) int {
		if r.request == nil {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		switch by {
		case byTime:
			return cmp.Or(busy(a)-busy(b), cmp.Compare(b.age, a.age))
		case byPath:
			return cmp.Or(busy(a)-busy(b), cmp.Compare(a.path(), b.path()))
		case byWorker:
		}
		return 0
	})
}

func (r row) path() string {
	if r.request == nil {
		return ""
	}
	return r.request.Path
}
