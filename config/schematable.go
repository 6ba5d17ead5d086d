package config

import "reflect"

// mappingDefinition is the name of what an entry has of a list of mappings that is not static.
const mappingDefinition = "mapping"

// definitions are what the entries of arrays of tables have.
func definitions() properties {
	return properties{
		{staticKey, staticSchema()},
		{mappingDefinition, entrySchema(settingProperties(mappingKeys), "prefix", "dir")},
		{pathKey, entrySchema(settingProperties(pathSettings), "prefix")},
		{limitKey, limitSchema()},
	}
}

// entrySchema is one entry.
func entrySchema(keys properties, required ...string) schema {
	return schema{Type: "object", Additional: false, Required: required, Properties: keys}
}

// settingProperties are settings of an entry that have one value each, and no default of their own.
func settingProperties(settings []Setting) properties {
	var all properties
	for _, setting := range settings {
		one := setting.kind.schema()
		one.Description = setting.Help
		all = append(all, property{setting.Key, one})
	}
	return all
}

func limitSchema() schema {
	var keys properties
	plain := DefaultLimit()
	for _, setting := range limitSettings {
		field := fieldOf(&plain, setting.Key)
		one := setting.fieldSchema(field)
		if setting.limitDefault() != "" {
			one.Default = setting.kind.fileValue(field)
		}
		keys = append(keys, property{setting.Key, one})
	}
	return entrySchema(keys, "name")
}

func staticSchema() schema {
	keys := settingProperties(mappingKeys)
	plain := NewStatic("/static/", "static")
	for _, option := range staticOptions {
		one := option.schema
		one.Description = option.help
		if field := plain.field(option.key); field.Kind() == reflect.Bool || field.Len() > 0 {
			one.Default = field.Interface()
		}
		keys = append(keys, property{option.key, one})
	}
	return entrySchema(keys, "prefix", "dir")
}

// ruleSchema is one of the rules of cache.
var ruleSchema = entrySchema(properties{{"match", schema{Type: "string"}}, {"value", schema{Type: "string"}}}, "match", "value")

// entriesSchema is an array of tables. One table stands for an array of one; if and then rather than anyOf, as an editor can
// say then what is wrong.
func entriesSchema(definition, help string) schema {
	one := schema{Reference: "#/definitions/" + definition}
	return schema{
		Description: help, Type: []string{"array", "object"}, Items: &one,
		If: &schema{Type: "object"}, Then: &one,
	}
}

// mappingsSchema is the same, or one table with a key for each prefix.
func (s Setting) mappingsSchema() schema {
	definition := staticKey
	if s.Key != staticKey {
		definition = mappingDefinition
	}
	made := entriesSchema(definition, s.Help)
	for _, key := range mappingKeys {
		made.If.AnyOf = append(made.If.AnyOf, schema{Required: []string{key.Key}})
	}
	made.Else = &schema{Names: &schema{Pattern: mappingPattern}, Additional: schema{Type: "string"}}
	return made
}
