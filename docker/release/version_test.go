package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPythonVersion(t *testing.T) {
	cases := map[string]struct{ git, want string }{
		"a release":                    {"v1.2.3", "1.2.3"},
		"without the letter":           {"1.2.3", "1.2.3"},
		"changed":                      {"v1.2.3-dirty", "1.2.3+dirty"},
		"after it":                     {"v1.2.3-14-g0a1b2c3", "1.2.3.post14+g0a1b2c3"},
		"after it, changed":            {"v1.2.3-14-g0a1b2c3-dirty", "1.2.3.post14+g0a1b2c3.dirty"},
		"a preview":                    {"v2.0.0-rc.1", "2.0.0rc1"},
		"a preview without the dot":    {"v2.0.0-beta2", "2.0.0b2"},
		"after a preview":              {"v2.0.0-alpha.1-3-gabcdef0", "2.0.0a1.post3+gabcdef0"},
		"a checkout without tags":      {"542ab43", "0.dev0+g542ab43"},
		"such a one, changed":          {"542ab43-dirty", "0.dev0+g542ab43.dirty"},
		"no checkout":                  {"dev", "0.dev0"},
		"what could leave a directory": {"../v1.2.3", "0.dev0"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, pythonVersion(c.git)) })
	}
}
