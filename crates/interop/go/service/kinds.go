package service

import "time"

// Kinds has a field of every kind that gob tells apart.
type Kinds struct {
	Flag     bool
	Int      int
	Small    int8
	Uint     uint
	Byte     uint8
	Float    float64
	Text     string
	Bytes    []byte
	Time     time.Time
	Ints     []int
	Texts    []string
	Counts   map[string]int
	Names    map[int]string
	Inner    *Kinds
	Inners   []Kinds
	Anything any
}

// Echo returns what it is given, of one type or another.
type Echo struct{}

// Kinds replies its argument.
func (Echo) Kinds(kinds *Kinds, reply *Kinds) error {
	*reply = *kinds
	return nil
}

// Counts replies its argument, which is a map on its own.
func (Echo) Counts(counts map[string]int, reply *map[string]int) error {
	*reply = counts
	return nil
}

// Uint replies its argument.
func (Echo) Uint(number uint64, reply *uint64) error {
	*reply = number
	return nil
}
