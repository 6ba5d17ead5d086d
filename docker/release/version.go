package main

import (
	"regexp"
	"strings"
)

// described is a version as git describes it: v1.2.3, perhaps the name of a preview, so many commits behind it, and
// whether something is not committed.
var described = regexp.MustCompile(`^v?(\d+\.\d+\.\d+)(?:-(alpha|beta|rc)\.?(\d+))?(?:-(\d+)-g([0-9a-f]+))?(-dirty)?$`)

// bare is a checkout without a tag: its commit alone.
var bare = regexp.MustCompile(`^([0-9a-f]{7,40})(-dirty)?$`)

// pythonVersion is a version in the form that pip sorts by (the version specifiers of the Python packaging guide, once
// PEP 440). What git does not know is the oldest of all.
func pythonVersion(version string) string {
	if m := bare.FindStringSubmatch(version); m != nil {
		return "0.dev0" + local(m[1], m[2])
	}
	m := described.FindStringSubmatch(version)
	if m == nil {
		return "0.dev0"
	}
	release := m[1]
	if m[2] != "" {
		release += map[string]string{"alpha": "a", "beta": "b", "rc": "rc"}[m[2]] + m[3]
	}
	if m[4] != "" {
		release += ".post" + m[4]
	}
	return release + local(m[5], m[6])
}

// local is the part that no index takes: for builds that are not of a release.
func local(commit, dirty string) string {
	var parts []string
	if commit != "" {
		parts = append(parts, "g"+commit)
	}
	if dirty != "" {
		parts = append(parts, "dirty")
	}
	if len(parts) == 0 {
		return ""
	}
	return "+" + strings.Join(parts, ".")
}
