package nginx

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"forebay/config"
)

// zone is what requests are counted by.
type zone struct {
	d    *directive
	key  string
	rate string // of limit_req_zone: COUNT/PERIOD
}

// use is one place where a zone limits requests.
type use struct {
	l *location
	d *directive
}

// takeLimits takes over limits of requests and of connections, and lists of addresses.
func (m *migration) takeLimits() {
	m.takeAccess()
	for _, kind := range []string{"limit_req", "limit_conn"} {
		zones := m.zones(kind + "_zone")
		for _, u := range m.uses(kind) {
			m.takeLimit(kind, u, zones)
		}
	}
}

// zones are those of one kind, by name, whose key we have.
func (m *migration) zones(name string) map[string]zone {
	zones := map[string]zone{}
	for _, d := range m.http.own(name) {
		z := zone{d: d}
		var called string
		for _, arg := range d.Args[1:] {
			key, value, _ := strings.Cut(arg, "=")
			switch key {
			case "zone":
				called, _, _ = strings.Cut(value, ":")
			case "rate":
				z.rate = rateOf(value)
			}
		}
		z.key = keyOf(arg(d, 0))
		zones[called] = z
	}
	return zones
}

// uses are the places where requests to the site are limited, from the outermost on. One in http or the server is for all.
func (m *migration) uses(kind string) []use {
	var uses []use
	whole := &location{scope: m.server, kind: prefix, path: "/"}
	for _, d := range whole.inherited(kind) {
		uses = append(uses, use{whole, d})
	}
	for _, l := range m.locations {
		if m.done[l.block] {
			for _, d := range l.own(kind) {
				uses = append(uses, use{l, d})
			}
		}
	}
	return uses
}

func (m *migration) takeLimit(kind string, u use, zones map[string]zone) {
	name := arg(u.d, 0)
	options := u.d.Args[1:]
	if kind == "limit_req" {
		name = option(u.d.Args, "zone")
		options = u.d.Args
	}
	z, known := zones[name]
	paths := pathsOf(u.l)
	switch {
	case !known:
		m.leave(u.d, groupGrave, "no zone of that name is in these files")
		return
	case z.key == "":
		m.leaveAll([]*directive{u.d, z.d}, groupGrave, "a limit counts by addresses, fields, cookies, paths and methods, and not by "+arg(z.d, 0))
		return
	case paths == nil && u.l.kind != named:
		m.leave(u.d, groupGrave, "a limit is for the beginning of paths, and not for such an expression")
		return
	case kind == "limit_req" && z.rate == "":
		m.leave(u.d, groupGrave, "its zone has no rate that can be read")
		return
	}
	m.take(u.d, z.d)
	t := &table{kind: "limit", why: []string{why(z.d, u.d)}}
	t.set("name", quote(m.free(orElse(word(name), "limit"))))
	if kind == "limit_req" {
		m.setRate(t, z, options)
	} else {
		t.set("concurrent", orElse(wholeNumber(arg(u.d, 1)), "1"))
	}
	if z.key != "address" {
		t.set("key", quote(z.key))
	}
	isWhole := paths == nil || paths[0] == "/"
	if !isWhole {
		t.set("paths", quoteAll(paths))
	}
	m.setRefusal(t, kind, u)
	if isWhole {
		m.narrow(t, u)
	}
	m.tables = append(m.tables, t)
}

// setRate: nginx counts those that are too many, and so one less than may come at once.
func (m *migration) setRate(t *table, z zone, options []string) {
	burst := parseCount(wholeNumber(option(options, "burst"))) + 1
	t.set("rate", quote(fmt.Sprintf("%s burst %d", z.rate, burst)))
	if slices.Contains(options, "nodelay") || burst == 1 {
		return
	}
	delay := parseCount(wholeNumber(option(options, "delay"))) + 1
	t.set("delay", strconv.FormatInt(min(delay, burst), 10))
	m.makeRoom(z.rate, burst-min(delay, burst))
}

// makeRoom lets the last request of a burst wait as long as it has to.
func (m *migration) makeRoom(rate string, waiting int64) {
	count, period, _ := strings.Cut(rate, "/")
	each := time.Second
	if period == "min" {
		each = time.Minute
	}
	longest := (time.Duration(waiting)*each/time.Duration(max(parseCount(count), 1)) + time.Second).Round(time.Second)
	if longest <= config.Default().Limiting.Delay {
		return
	}
	if s := m.find("limit_delay"); s != nil {
		if had, err := time.ParseDuration(strings.Trim(s.value, `"`)); err == nil && had >= longest {
			return
		}
		s.value = quote(config.DurationText(longest))
		return
	}
	m.set("limit_delay", quote(config.DurationText(longest)), "so long does the last request of a burst wait below")
}

// setRefusal is about the status of those that are too many. nginx's own is 503, which says that the server is at fault.
func (m *migration) setRefusal(t *table, kind string, u use) {
	if d := u.l.last(kind + "_status"); d != nil {
		m.take(d)
		if status := parseCount(wholeNumber(arg(d, 0))); status >= 400 && status <= 498 && status != 429 || status == 503 {
			t.set("status", strconv.FormatInt(status, 10), why(d))
		} else {
			t.why = append(t.why, why(d))
		}
	}
	if d := u.l.last(kind + "_dry_run"); isOn(d) {
		m.take(d)
		t.set("dry_run", "true", why(d))
	}
}

// narrow is about a limit that was for location / alone. Ours cannot leave out what other locations are for.
func (m *migration) narrow(t *table, u use) {
	hasFiles := slices.ContainsFunc(m.tables, func(t *table) bool { return t.kind == "static" })
	if u.l.scope == m.server || !hasFiles {
		return
	}
	if !slices.ContainsFunc(t.keys, func(s setting) bool { return s.key == "dry_run" }) {
		t.set("dry_run", "true", "a limit for / is one for static files, too, which it was not: it only logs until you have looked at it")
	}
	m.note(u.d, groupGrave, "it refuses nothing yet: see dry_run there")
}

// option is what stands behind NAME= among arguments.
func option(args []string, name string) string {
	for _, arg := range args {
		if value, found := strings.CutPrefix(arg, name+"="); found {
			return value
		}
	}
	return ""
}

// wholeNumber is text if it is one, else nothing.
func wholeNumber(text string) string {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

var ratePattern = regexp.MustCompile(`^([1-9]\d{0,5})r/([sm])$`)

// rateOf is 10r/s in our form, or nothing.
func rateOf(text string) string {
	parts := ratePattern.FindStringSubmatch(text)
	if parts == nil {
		return ""
	}
	if parts[2] == "m" {
		return parts[1] + "/min"
	}
	return parts[1] + "/s"
}

var (
	keyParts = regexp.MustCompile(`^(\$\{?[a-z0-9_]+\}?)+$`)
	keyPart  = regexp.MustCompile(`\$\{?([a-z0-9_]+)\}?`)
)

// keyOf is what nginx's variables count by, in our words, or nothing.
func keyOf(text string) string {
	if !keyParts.MatchString(text) {
		return ""
	}
	var parts []string
	for _, found := range keyPart.FindAllStringSubmatch(text, -1) {
		name := found[1]
		field, isField := strings.CutPrefix(name, "http_")
		cookie, isCookie := strings.CutPrefix(name, "cookie_")
		switch {
		case name == "binary_remote_addr" || name == "remote_addr" || name == "realip_remote_addr":
			parts = append(parts, "address")
		case name == "server_name" || name == "host" || name == "server_addr":
			parts = append(parts, "all")
		case name == "uri" || name == "request_uri" || name == "document_uri":
			parts = append(parts, "path")
		case name == "request_method":
			parts = append(parts, "method")
		case isField && field != "":
			parts = append(parts, "header:"+strings.ReplaceAll(field, "_", "-"))
		case isCookie && cookie != "":
			parts = append(parts, "cookie:"+cookie)
		default:
			return ""
		}
	}
	if len(parts) > 1 {
		parts = slices.DeleteFunc(parts, func(p string) bool { return p == "all" })
	}
	return cmp.Or(strings.Join(parts, "+"), "all")
}
