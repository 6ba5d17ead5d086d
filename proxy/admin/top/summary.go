package top

import (
	"fmt"
	"strconv"
	"strings"

	"forebay/proxy/status"
)

// summary are the lines about the whole server. rate is how many requests it answers a second.
func summary(st *status.Status, rate float64) []string {
	lines := []string{
		fmt.Sprintf("%s  %s for %s  pid %d on %s  forebay %s  Python %s", printable(st.App), st.State, seconds(st.Now-st.Started),
			st.PID, printable(st.Host), st.Version, st.Python),
		strings.Join(st.Listeners, "  "),
		"",
		fmt.Sprintf("requests     %d, %.1f/s%s", st.Requests.Total, rate, classes(st.Requests.ByStatus)),
		"latency      " + latency(&st.Latency),
		fmt.Sprintf("slots        %d of %d busy", st.Slots.Busy, st.Slots.Total),
		fmt.Sprintf("queue        %d of %d, oldest %s; waited p50 %s, p99 %s", st.Queue.Length, st.Queue.Limit, seconds(st.Queue.Oldest),
			seconds(st.Latency.QueueP50), seconds(st.Latency.QueueP99)),
	}
	for _, p := range st.Queue.Paths {
		lines = append(lines, pathLine(&p))
	}
	lines = append(lines,
		fmt.Sprintf("connections  %d open, %d of them idle%s", st.Connections.Open, st.Connections.Idle, of(st.Connections.Limit)),
		fmt.Sprintf("memory       %s of %s for bodies; %d static files, %s%s", size(st.Spool.Memory), size(st.Spool.Limit),
			st.Static.Files, size(st.Static.Memory), hitRate(&st.Static)))
	return append(lines, rest(st)...)
}

func latency(l *status.Latency) string {
	if l.Count == 0 {
		return "no request in the last minute"
	}
	return fmt.Sprintf("p50 %s, p90 %s, p99 %s in the last minute; in the application p50 %s, p99 %s",
		seconds(l.P50), seconds(l.P90), seconds(l.P99), seconds(l.ApplicationP50), seconds(l.ApplicationP99))
}

// classes are the counts by the first digit of the status, and those that are nobody's usual business by themselves.
func classes(byStatus map[string]uint64) string {
	sums := map[string]uint64{}
	for code, n := range byStatus {
		if len(code) == 3 && code != "499" {
			code = code[:1] + "xx"
		}
		sums[code] += n
	}
	var b strings.Builder
	for _, class := range []string{"1xx", "2xx", "3xx", "4xx", "499", "5xx"} {
		if sums[class] > 0 {
			fmt.Fprintf(&b, "  %s %d", class, sums[class])
		}
	}
	return b.String()
}

func pathLine(p *status.Path) string {
	busy := strconv.Itoa(p.Busy)
	if p.Slots > 0 {
		busy = fmt.Sprintf("%d of %d", p.Busy, p.Slots)
	}
	return fmt.Sprintf("  %s  %d of %d wait, oldest %s; %s slots busy", printable(p.Prefix), p.Length, p.Limit, seconds(p.Oldest), busy)
}

func of(limit int) string {
	if limit == 0 {
		return ""
	}
	return fmt.Sprintf(", of %d at most", limit)
}

func hitRate(s *status.Static) string {
	if all := s.Hits + s.Misses; all > 0 {
		return fmt.Sprintf(", %d %% hits", s.Hits*100/all)
	}
	return ""
}

// rest are the lines about what not every server has.
func rest(st *status.Status) []string {
	var lines []string
	if text := restarts(&st.Restarts); text != "" {
		lines = append(lines, "restarts     "+text)
	}
	for _, l := range st.Limits {
		lines = append(lines, fmt.Sprintf("limit        %s: %d passed, %d refused, %d delayed, %d keys", printable(l.Name), l.Allowed, l.Refused, l.Delayed, l.Keys))
	}
	if st.Redis.State != "none" && st.Redis.State != "" {
		lines = append(lines, fmt.Sprintf("redis        %s for %s, %d errors", st.Redis.State, seconds(st.Now-st.Redis.Since), st.Redis.Errors))
	}
	if st.Requests.Dropped > 0 {
		lines = append(lines, fmt.Sprintf("access log   %d lines dropped", st.Requests.Dropped))
	}
	if r := st.Reload; r != nil {
		became := "done"
		if !r.OK {
			first, _, _ := strings.Cut(r.Error, "\n")
			became = "refused: " + printable(first)
		}
		lines = append(lines, fmt.Sprintf("reload       %s ago, %s", seconds(st.Now-r.Time), became))
	}
	return lines
}

func restarts(r *status.Restarts) string {
	counts := []struct {
		name string
		n    uint64
	}{
		{"died", r.Died}, {"max_requests", r.MaxRequests}, {"max_rss", r.MaxRSS}, {"max_lifetime", r.MaxLifetime},
		{"timeout", r.Timeout}, {"reload", r.Reload}, {"broken", r.Broken}, {"failed starts", r.Failed},
	}
	var texts []string
	for _, c := range counts {
		if c.n > 0 {
			texts = append(texts, fmt.Sprintf("%s %d", c.name, c.n))
		}
	}
	return strings.Join(texts, ", ")
}

// minuteRate is how many requests were answered a second in the last minute, or since the start.
func minuteRate(st *status.Status) float64 {
	window := min(st.Latency.Window, st.Now-st.Started)
	if window <= 0 {
		return 0
	}
	return float64(st.Latency.Count) / window
}

// workerLines is the table of the processes.
func workerLines(st *status.Status) []string {
	lines := []string{fmt.Sprintf("%-7s %-8s %-10s %-9s %9s %10s %10s %9s  %s", "worker", "pid", "generation", "state", "age", "requests", "memory", "GIL wait", "threads")}
	for _, w := range st.Workers {
		var threads []string
		for _, t := range w.Threads {
			threads = append(threads, mark(t.State))
		}
		lines = append(lines, fmt.Sprintf("%-7d %-8d %-10d %-9s %9s %10d %10s %9s  %s", w.ID, w.PID, w.Generation, w.State,
			seconds(st.Now-w.Started), w.Requests, size(w.RSS), gilWait(w), strings.Join(threads, "")))
	}
	return lines
}

// gilWait is how long a thread of a worker waits for the GIL, if that is known.
func gilWait(w status.Worker) string {
	if w.GIL == nil {
		return "-"
	}
	return seconds(*w.GIL)
}

// mark is one letter for a thread.
func mark(state string) string {
	switch state {
	case "busy":
		return "#"
	case "stuck":
		return "!"
	}
	return "."
}

// slowest are the slow requests, the slowest first, at most n.
func slowest(st *status.Status, n int) []string {
	if len(st.Slow) == 0 {
		return nil
	}
	lines := []string{fmt.Sprintf("%9s %9s %9s %9s %9s %6s  %s", "slowest", "read", "queue", "app", "send", "status", "request")}
	for _, s := range st.Slow[:min(n, len(st.Slow))] {
		lines = append(lines, fmt.Sprintf("%9s %9s %9s %9s %9s %6d  %s %s  %s", seconds(s.Total), seconds(s.Read), seconds(s.Queue),
			seconds(s.Application), seconds(s.Send), s.Status, printable(s.Method), printable(s.Path), printable(s.ID)))
	}
	return lines
}

// wrong are the last answers that were faults, the newest first, at most n.
func wrong(st *status.Status, n int) []string {
	if len(st.Errors) == 0 {
		return nil
	}
	lines := []string{fmt.Sprintf("%9s %6s  %s", "ago", "status", "what went wrong")}
	for _, e := range st.Errors[:min(n, len(st.Errors))] {
		lines = append(lines, fmt.Sprintf("%9s %6d  %s %s: %s  %s", seconds(st.Now-e.Time), e.Status, printable(e.Method), printable(e.Path),
			printable(e.Reason), printable(e.ID)))
	}
	return lines
}
