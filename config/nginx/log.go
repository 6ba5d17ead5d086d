package nginx

import (
	"slices"
	"strings"

	"forebay/config"
)

// takeLogs is about the access log: where it goes is for whoever starts forebay, and which paths have no line can be taken
// over.
func (m *migration) takeLogs() {
	var paths []string
	var from []*directive
	for _, l := range m.locations {
		for _, d := range l.own("access_log") {
			path := pathOf(l)
			switch {
			case arg(d, 0) != "off":
				m.leave(d, groupNeeded, "there is one access log for all paths (access_logfile)")
			case l.scope == m.site && m.done[l.block]:
				m.set("access_logfile", `""`, why(d))
				m.take(d)
			case path == "" || l.kind == pattern:
				m.leave(d, groupGone, "access_log_exclude is for the beginning of paths, and not for such an expression")
			default:
				m.take(d)
				from = append(from, d)
				if !slices.Contains(paths, path) {
					paths = append(paths, path)
				}
			}
		}
	}
	if len(paths) > 0 {
		m.set("access_log_exclude", quoteAll(paths), why(from...))
	}
	if d := m.server.last("access_log"); d != nil {
		m.takeLog(d)
	}
}

func (m *migration) takeLog(d *directive) {
	if arg(d, 0) == "off" {
		m.take(d)
		m.set("access_logfile", `""`, why(d))
		return
	}
	if strings.HasPrefix(arg(d, 0), "/dev/std") {
		m.leave(d, groupOwn, "the access log goes to stdout, as JSON unless a terminal reads it")
	} else {
		m.suggest("access_logfile", quote(arg(d, 0)), "The access log goes to stdout, as JSON unless a terminal reads it; this is where it was:", why(d))
		m.take(d)
	}
	name := arg(d, 1)
	if name == "" || strings.Contains(name, "=") {
		name = config.FormatCombined
	}
	for _, f := range m.http.own("log_format") {
		if arg(f, 0) == name {
			m.takeFormat(f)
			return
		}
	}
	if name == config.FormatCombined {
		m.suggest("access_log_format", quote(name), "So its lines were, but for the time and the request's id at their end")
	}
}

// takeFormat takes a format over, if forebay knows all of its variables.
func (m *migration) takeFormat(d *directive) {
	pieces := slices.DeleteFunc(slices.Clone(d.Args[1:]), func(a string) bool { return strings.HasPrefix(a, "escape=") })
	format := strings.Join(pieces, "")
	if _, err := config.ParseLogFormat(format); err != nil {
		m.leave(d, groupGone, "%v", err)
		return
	}
	m.take(d)
	m.suggest("access_log_format", quote(format), "So its lines were", why(d))
}
