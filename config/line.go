package config

// DefaultLine is the setting with its default, as a line of a file: workers = 4.
func (s Setting) DefaultLine() string {
	whole := Default()
	field := s.field(&whole)
	var texts []string
	if s.IsList() {
		for i := range field.Len() {
			texts = append(texts, s.kind.format(field.Index(i)))
		}
	} else {
		texts = []string{s.kind.format(field)}
	}
	return s.Key + " = " + s.TOML(texts)
}
