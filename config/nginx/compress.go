package nginx

import (
	"slices"
	"strings"
)

// takeCompression turns compression of the application's responses on, if it was. Static files have theirs anyhow.
func (m *migration) takeCompression() {
	gzip, brotli := m.site.last("gzip"), m.site.last("brotli")
	if !isOn(gzip) && !isOn(brotli) {
		for _, d := range []*directive{gzip, brotli} {
			m.leave(d, groupOwn, "responses of the application are not compressed unless compress is true; files are")
		}
		return
	}
	var from []*directive
	for _, d := range []*directive{gzip, brotli} {
		if isOn(d) {
			from = append(from, d)
			m.take(d)
		}
	}
	m.set("compress", "true", why(from...), "Pages with a secret in them can give it away by their size (BREACH): see the README before you keep this")
	m.takeTypes()
	for _, name := range []string{"gzip_min_length", "brotli_min_length"} {
		if d := m.site.last(name); d != nil {
			if value, err := sizeOf(d); err == nil {
				m.take(d)
				m.set("compress_min_size", value, why(d))
			}
		}
	}
}

// takeTypes: text/html is always compressed by nginx.
func (m *migration) takeTypes() {
	types := []string{"text/html"}
	var from []*directive
	for _, name := range []string{"gzip_types", "brotli_types"} {
		d := m.site.last(name)
		if d == nil {
			continue
		}
		m.take(d)
		from = append(from, d)
		for _, typ := range d.Args {
			if !slices.Contains(types, typ) {
				types = append(types, typ)
			}
		}
	}
	switch {
	case len(from) == 0:
		m.set("compress_types", quoteAll(types), "There is no gzip_types: nginx compresses text/html alone then")
	case slices.ContainsFunc(types, func(typ string) bool { return strings.Contains(typ, "*") }):
		m.note(from[0], groupOwn, "what gets smaller is compressed, unless compress_types says what")
	default:
		m.set("compress_types", quoteAll(types), why(from...))
	}
}
