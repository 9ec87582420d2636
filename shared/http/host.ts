/**
 * Whether this is how a request may say for whom it is: the name or the address of a host, with a port or without. RFC 9110
 * 7.2 lets a name be anything that RFC 3986 3.2.2 does; but in signs that no name has, servers find the end of it in different
 * places, and a runtime refuses to send such a request on.
 */
export const isHost = (text: string): boolean => /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{0,5})?$/i.test(text);
