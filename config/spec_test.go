package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSpecs(t *testing.T) {
	cases := map[string]struct{ spec, fault string }{
		"module":      {"myproject.wsgi", ""},
		"application": {"shop:app", ""},
		"application of a name that is a command": {"check:app", ""},
		"factory":               {"shop:create_app()", ""},
		"factory with argument": {"shop:create_app(debug=False)", ""},
		"factory with colon":    {`shop:create_app({"a": 1})`, ""},
		"attribute":             {"pkg.mod:obj.attr", ""},
		"letters of Python":     {"café:größe", ""},
		"path":                  {"shop/wsgi.py", "did you mean shop.wsgi?"},
		"path from here":        {"./shop/wsgi.py:app", "did you mean shop.wsgi?"},
		"file":                  {"shop.py", "did you mean shop?"},
		"no module":             {":app", "want MODULE[:CALLABLE]"},
		"no callable":           {"shop:", `after "shop:"`},
		"digit first":           {"1shop", "want MODULE[:CALLABLE]"},
		"dot at the end":        {"shop.", "want MODULE[:CALLABLE]"},
		"dash in module":        {"my-shop:app", "want MODULE[:CALLABLE]"},
		"bracket left open":     {"shop:create_app(", "want a name such as app"},
		"two colons":            {"shop:app:x", "want a name such as app"},
		"an option's remains":   {"--x", "want MODULE[:CALLABLE]"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			err := checkSpec(c.spec)
			if c.fault == "" {
				assert.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, c.fault)
		})
	}
}
