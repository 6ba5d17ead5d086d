package proxy

import (
	"forebay/proxy/forwarded"
	"forebay/python"
)

// isForwarded reports whether a field speaks about the client in the place of the connection.
func isForwarded(name []byte) bool {
	switch len(name) {
	case len("forwarded"):
		return python.EqualFold(name, "forwarded") || python.EqualFold(name, "x-real-ip")
	case len("x-forwarded-for"):
		return python.EqualFold(name, "x-forwarded-for") || python.EqualFold(name, "x-forwarded-ssl")
	case len("x-forwarded-proto"):
		return python.EqualFold(name, "x-forwarded-proto")
	case len("x-forwarded-host"):
		return python.EqualFold(name, "x-forwarded-host") || python.EqualFold(name, "x-forwarded-port")
	case len("x-forwarded-protocol"):
		return python.EqualFold(name, "x-forwarded-protocol")
	case len("x-forwarded-scheme"):
		return python.EqualFold(name, "x-forwarded-scheme") || python.EqualFold(name, "x-forwarded-server") ||
			python.EqualFold(name, "x-forwarded-prefix")
	case len("x-client-ip"):
		return python.EqualFold(name, "x-client-ip")
	}
	return false
}

// withoutForwarded takes the fields away that only a proxy we trust may set: frameworks believe them.
func withoutForwarded(fields []python.Field) []python.Field {
	kept := fields[:0]
	for _, f := range fields {
		if !isForwarded(f.Name) {
			kept = append(kept, f)
		}
	}
	return kept
}

// forwardedFields gathers what a trusted proxy says, and reports whether it says anything.
func forwardedFields(fields []python.Field) (said forwarded.Fields, any bool) {
	for _, f := range fields {
		if !isForwarded(f.Name) {
			continue
		}
		any = true
		switch {
		case python.EqualFold(f.Name, "forwarded"):
			said.Forwarded = append(said.Forwarded, f.Value)
		case python.EqualFold(f.Name, "x-forwarded-for"):
			said.XForwardedFor = append(said.XForwardedFor, f.Value)
		case python.EqualFold(f.Name, "x-forwarded-proto"):
			said.XForwardedProto = append(said.XForwardedProto, f.Value)
		case python.EqualFold(f.Name, "x-forwarded-host"):
			said.XForwardedHost = append(said.XForwardedHost, f.Value)
		case python.EqualFold(f.Name, "x-forwarded-port"):
			said.XForwardedPort = append(said.XForwardedPort, f.Value)
		}
	}
	return said, any
}
