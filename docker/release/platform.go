package main

import (
	"fmt"
	"slices"
	"strings"
)

// platform is what a binary is for.
type platform struct {
	os, arch string
	tags     []string // pip's names for it: the platform compatibility tags of the Python packaging guide
}

// platforms are those that a release is made for. The binaries are static, so on Linux any C library will do, glibc
// (manylinux) and musl alike; 2_17 and 1_1 are the oldest names that every pip in use knows. Go 1.26 asks for macOS 12.
var platforms = []platform{
	{"linux", "amd64", []string{"manylinux_2_17_x86_64", "manylinux2014_x86_64", "musllinux_1_1_x86_64"}},
	{"linux", "arm64", []string{"manylinux_2_17_aarch64", "manylinux2014_aarch64", "musllinux_1_1_aarch64"}},
	{"darwin", "arm64", []string{"macosx_12_0_arm64"}},
}

func (p platform) String() string { return p.os + "/" + p.arch }

// findPlatform returns the platform of a name such as linux/amd64.
func findPlatform(name string) (platform, error) {
	var known []string
	for _, p := range platforms {
		known = append(known, p.String())
	}
	i := slices.Index(known, name)
	if i < 0 {
		return platform{}, fmt.Errorf("want one of %s, not %q", strings.Join(known, ", "), name)
	}
	return platforms[i], nil
}
