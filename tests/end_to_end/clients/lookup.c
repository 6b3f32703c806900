// Prints the addresses that getaddrinfo() finds for a name, one a line.
// Compiled for glibc and for musl.
//   lookup NAME 4|6|any
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int main(int count, char** words) {
  if (count != 3) return 2;
  struct addrinfo wanted;
  memset(&wanted, 0, sizeof wanted);
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_family = words[2][0] == '4'   ? AF_INET
                     : words[2][0] == '6' ? AF_INET6
                                          : AF_UNSPEC;
  struct addrinfo* found = NULL;
  const int failure = getaddrinfo(words[1], NULL, &wanted, &found);
  if (failure != 0) {
    fprintf(stderr, "%s\n", gai_strerror(failure));
    return 1;
  }
  for (const struct addrinfo* one = found; one != NULL; one = one->ai_next) {
    char text[INET6_ADDRSTRLEN];
    const void* address =
        one->ai_family == AF_INET
            ? (const void*)&((struct sockaddr_in*)one->ai_addr)->sin_addr
            : (const void*)&((struct sockaddr_in6*)one->ai_addr)->sin6_addr;
    puts(inet_ntop(one->ai_family, address, text, sizeof text));
  }
  freeaddrinfo(found);
  return 0;
}
