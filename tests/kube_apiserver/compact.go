package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// runCompact makes the etcd at a URL forget all but its present, and prints
// the revision from which on it remembers.
func runCompact(args []string) error {
	if len(args) != 1 {
		return errors.New("one argument is needed, etcd's URL")
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: args})
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	status, err := client.Status(ctx, args[0])
	if err != nil {
		return err
	}
	revision := status.Header.Revision
	// Physical: return only when the old revisions are really removed.
	if _, err = client.Compact(ctx, revision,
		clientv3.WithCompactPhysical()); err != nil {
		return err
	}
	fmt.Println(revision)
	return nil
}
