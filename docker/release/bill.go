package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"strings"
)

// The parts of a bill of materials in CycloneDX 1.6 (ECMA-424), as far as we have something to say in them.
type (
	bill struct {
		Format       string       `json:"bomFormat"`
		SpecVersion  string       `json:"specVersion"`
		Version      int          `json:"version"`
		Metadata     metadata     `json:"metadata"`
		Components   []component  `json:"components"`
		Dependencies []dependency `json:"dependencies"`
	}
	metadata struct {
		Component component `json:"component"`
	}
	component struct {
		Type     string    `json:"type"`
		Ref      string    `json:"bom-ref"`
		Name     string    `json:"name"`
		Version  string    `json:"version"`
		URL      string    `json:"purl"`
		Hashes   []hash    `json:"hashes,omitempty"`
		Licenses []license `json:"licenses,omitempty"`
	}
	hash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"` // hexadecimal
	}
	license struct {
		License struct {
			ID string `json:"id"` // SPDX
		} `json:"license"`
	}
	dependency struct {
		Ref       string   `json:"ref"`
		DependsOn []string `json:"dependsOn,omitempty"`
	}
)

// billOf is the bill of materials of a binary: what the Go linker says it is made of, Go's own library included. It has
// neither a time nor a serial number, so that it is the same for the same binary.
func billOf(path, version string, content []byte) ([]byte, error) {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read what the binary is made of: %w", err)
	}
	all := componentsOf(info)
	b := bill{Format: "CycloneDX", SpecVersion: "1.6", Version: 1, Metadata: metadata{self(version, content)}, Components: all}
	root := dependency{Ref: b.Metadata.Component.Ref}
	for _, c := range all {
		root.DependsOn = append(root.DependsOn, c.Ref)
	}
	b.Dependencies = []dependency{root}
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the bill of materials: %w", err)
	}
	return append(text, '\n'), nil
}

// self is the binary itself.
func self(version string, content []byte) component {
	digest := sha256.Sum256(content)
	c := newComponent("application", "forebay", version)
	c.Hashes = []hash{{"SHA-256", hex.EncodeToString(digest[:])}}
	c.Licenses = make([]license, 1)
	c.Licenses[0].License.ID = "MIT"
	return c
}

func componentsOf(info *debug.BuildInfo) []component {
	all := []component{newComponent("library", "std", strings.TrimPrefix(info.GoVersion, "go"))}
	for _, module := range info.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		c := newComponent("library", module.Path, module.Version)
		if digest, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(module.Sum, "h1:")); err == nil && len(digest) > 0 {
			c.Hashes = []hash{{"SHA-256", hex.EncodeToString(digest)}} // of the module's tree, as go.sum has it
		}
		all = append(all, c)
	}
	return all
}

// newComponent names a Go module by its package URL.
func newComponent(kind, name, version string) component {
	url := "pkg:golang/" + name + "@" + version
	return component{Type: kind, Ref: url, Name: name, Version: version, URL: url}
}
