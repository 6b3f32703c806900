// As lookup.c, with c-ares as the resolver.
#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>

static void print(void* status, int failure, int timeouts,
                  struct ares_addrinfo* found) {
  (void)timeouts;
  *(int*)status = failure != ARES_SUCCESS;
  if (failure != ARES_SUCCESS) fprintf(stderr, "%s\n", ares_strerror(failure));
  const struct ares_addrinfo_node* one = found != NULL ? found->nodes : NULL;
  for (; one != NULL; one = one->ai_next) {
    char text[INET6_ADDRSTRLEN];
    const void* address =
        one->ai_family == AF_INET
            ? (const void*)&((struct sockaddr_in*)one->ai_addr)->sin_addr
            : (const void*)&((struct sockaddr_in6*)one->ai_addr)->sin6_addr;
    puts(inet_ntop(one->ai_family, address, text, sizeof text));
  }
  ares_freeaddrinfo(found);
}

int main(int count, char** words) {
  ares_channel channel;
  if (count != 3 || ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS ||
      ares_init(&channel) != ARES_SUCCESS) {
    return 2;
  }
  struct ares_addrinfo_hints wanted;
  memset(&wanted, 0, sizeof wanted);
  wanted.ai_family = words[2][0] == '4'   ? AF_INET
                     : words[2][0] == '6' ? AF_INET6
                                          : AF_UNSPEC;
  int status = 2;
  ares_getaddrinfo(channel, words[1], NULL, &wanted, print, &status);
  while (1) {
    fd_set readable;
    fd_set writable;
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    const int highest = ares_fds(channel, &readable, &writable);
    if (highest == 0) break;
    struct timeval at_most;
    select(highest, &readable, &writable, NULL,
           ares_timeout(channel, NULL, &at_most));
    ares_process(channel, &readable, &writable);
  }
  ares_destroy(channel);
  return status;
}
