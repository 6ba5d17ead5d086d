package static

import (
	"path"
	"slices"
	"strings"

	"forebay/config"
	"forebay/proxy/coding"
	"forebay/proxy/conditional"
	"forebay/proxy/reply"
)

const (
	// immutable is for files that never change: a year, which is as long as caches keep anything (RFC 8246).
	immutable = "public, max-age=31536000, immutable"
	// revalidate is for all others: a copy is kept, and asked about before it is used. Without a word from us browsers
	// would keep it for a tenth of its age (RFC 9111, section 4.2.2), and show yesterday's style on today's page.
	revalidate = "no-cache"
)

// cacheControl is the Cache-Control of a file.
func (m *mapping) cacheControl(name string) string {
	isImmutable := func(pattern string) bool {
		return pattern == config.ImmutableHashed && isHashed(name) || fits(pattern, name)
	}
	if slices.ContainsFunc(m.Immutable, isImmutable) {
		return immutable
	}
	for _, rule := range m.Cache {
		if fits(rule.Match, name) {
			return rule.Value
		}
	}
	return revalidate
}

// fits reports whether a name fits a pattern. Patterns were checked when the configuration was: a bad one fits nothing.
func fits(pattern, name string) bool {
	if !strings.Contains(pattern, "/") {
		name = path.Base(name)
	}
	matched, err := path.Match(pattern, name)
	return matched && err == nil
}

// head are the fields of a file in a coding. varies says that it may be had in others.
func (m *mapping) head(name, typ string, c coding.Coding, v conditional.Validators, varies bool) reply.Head {
	common := reply.AppendValidators(nil, v)
	common = reply.AppendField(common, "Cache-Control", m.cacheControl(name))
	if varies {
		common = reply.AppendField(common, "Vary", "Accept-Encoding")
	}
	common = append(common, m.headers...)
	return reply.NewHead(common, describe(c), []byte(typ))
}

// describe are the fields that say what is sent. The type is what we say it is, and not what a browser may make of it.
func describe(c coding.Coding) []byte {
	lines := []byte("X-Content-Type-Options: nosniff\r\n")
	if c == coding.Identity {
		return append(lines, "Accept-Ranges: bytes\r\n"...)
	}
	return reply.AppendField(lines, "Content-Encoding", c.String())
}

// pageHead are the fields of a file that is the page of another status. It has no validators: they would be those of what
// was asked for.
func (m *mapping) pageHead(typ string) []byte {
	lines := append([]byte("X-Content-Type-Options: nosniff\r\n"), m.headers...)
	return reply.AppendField(lines, "Content-Type", typ)
}
