package trace

import (
	"net/url"
	"os"
	"slices"
	"strings"
)

// Attribute is a name with a text.
type Attribute struct{ Key, Value string }

// pairs reads KEY=VALUE,KEY=VALUE, both percent-encoded where need be.
func (e *environ) pairs(name, text string) []Attribute {
	var all []Attribute
	for i, pair := range strings.Split(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		key, value, found := strings.Cut(pair, "=")
		key, keyErr := url.PathUnescape(strings.TrimSpace(key))
		value, valueErr := url.PathUnescape(strings.TrimSpace(value))
		if !found || key == "" || keyErr != nil || valueErr != nil {
			e.fault(name, "pair %d is not KEY=VALUE", i+1)
			continue
		}
		all = append(all, Attribute{key, value})
	}
	return all
}

// resource says what is traced: what the environment says, and what a program is to say of itself (OpenTelemetry's
// specification, Resource).
func (e *environ) resource() []Attribute {
	name, text := e.get("OTEL_RESOURCE_ATTRIBUTES")
	said := e.pairs(name, text)
	if _, service := e.get("OTEL_SERVICE_NAME"); service != "" {
		said = slices.DeleteFunc(said, func(a Attribute) bool { return a.Key == "service.name" })
		said = append(said, Attribute{"service.name", service})
	}
	host, _ := os.Hostname() // without a name there is none to tell
	for _, own := range []Attribute{
		{"service.name", "unknown_service:forebay"}, {"host.name", host}, {"telemetry.sdk.name", "forebay"}, {"telemetry.sdk.language", "go"},
	} {
		if own.Value != "" && !slices.ContainsFunc(said, func(a Attribute) bool { return a.Key == own.Key }) {
			said = append(said, own)
		}
	}
	return said
}
