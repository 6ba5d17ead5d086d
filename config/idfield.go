package config

import (
	"fmt"
	"slices"
	"strings"
)

// checkIDField is for a field that the environ has, which none with an underscore is, and that is nobody else's.
func checkIDField(name string) error {
	lower := strings.ToLower(name)
	switch {
	case !isToken(name) || strings.Contains(name, "_"):
		return fmt.Errorf("want the name of a field, such as X-Request-ID, not %q", name)
	case slices.Contains(ownFields, lower), slices.Contains(namedFields, lower):
		return fmt.Errorf("%s says something else", name)
	}
	return nil
}

// namedFields are further fields, of requests and answers, that have a meaning of their own.
var namedFields = []string{
	"accept", "accept-encoding", "authorization", "content-disposition", "cookie", "expect", "forwarded", "host", "location", "proxy",
	"retry-after", "server-timing", "set-cookie", "te", "traceparent", "tracestate", "vary", "x-forwarded-for", "x-forwarded-host",
	"x-forwarded-proto", "x-request-start",
}
