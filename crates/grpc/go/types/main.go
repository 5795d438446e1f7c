package main
import _ "google.golang.org/protobuf/types/dynamicpb"
func main(){}
