package config

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// schema is a part of a JSON Schema (draft 7, which editors of TOML take). What is empty says nothing.
type schema struct {
	Dialect     string     `json:"$schema,omitempty"`
	Title       string     `json:"title,omitempty"`
	Description string     `json:"description,omitempty"`
	Reference   string     `json:"$ref,omitempty"`
	Type        any        `json:"type,omitempty"` // a name, or several
	Enum        []string   `json:"enum,omitempty"`
	Pattern     string     `json:"pattern,omitempty"` // of what is text
	Minimum     *float64   `json:"minimum,omitempty"` // of what is a number
	Maximum     *float64   `json:"maximum,omitempty"`
	AnyOf       []schema   `json:"anyOf,omitempty"`
	If          *schema    `json:"if,omitempty"`
	Then        *schema    `json:"then,omitempty"`
	Else        *schema    `json:"else,omitempty"`
	Items       *schema    `json:"items,omitempty"` // of what is an array
	Required    []string   `json:"required,omitempty"`
	Names       *schema    `json:"propertyNames,omitempty"`
	Properties  properties `json:"properties,omitempty"`
	Additional  any        `json:"additionalProperties,omitempty"` // false, or what they are
	Default     any        `json:"default,omitempty"`
	Definitions properties `json:"definitions,omitempty"`
}

// properties are parts with names, in the order in which they are shown.
type properties []property

type property struct {
	name string
	schema
}

// MarshalJSON writes an object in our order; that of a map would be the alphabet's.
func (p properties) MarshalJSON() ([]byte, error) {
	var text bytes.Buffer
	text.WriteByte('{')
	for i, one := range p {
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, "%q:", one.name) // keys are letters and underscores
		if err := encode(&text, one.schema); err != nil {
			return nil, err
		}
	}
	text.WriteByte('}')
	return text.Bytes(), nil
}

// encode writes JSON for people: < and > stay as they are.
func encode(into *bytes.Buffer, value any) error {
	encoder := json.NewEncoder(into)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// Schema is the JSON Schema of forebay.toml. What is in order is in order by it, too; it does not know what only the whole
// tells, such as two limits with one name, or what the machine has, such as a directory.
func Schema() []byte {
	all := schema{
		Dialect:     "http://json-schema.org/draft-07/schema#",
		Title:       "forebay.toml",
		Description: "the configuration of forebay, a server for WSGI applications",
		Type:        "object", Additional: false,
		Definitions: definitions(),
	}
	for _, setting := range Settings {
		all.Properties = append(all.Properties, property{setting.Key, setting.schema()})
	}
	for _, table := range Tables() {
		if table.Key != staticKey { // it is a setting as well
			all.Properties = append(all.Properties, property{table.Key, entriesSchema(table.Key, table.Help)})
		}
	}
	var text bytes.Buffer
	if err := encode(&text, all); err != nil {
		panic(fmt.Sprintf("write the schema: %v", err)) // it is made of texts and numbers
	}
	return text.Bytes()
}
