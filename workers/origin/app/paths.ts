/** The part of a path that names a post: at most 15 digits, which a JavaScript number holds exactly. */
export const idPath = "/:id{[1-9][0-9]{0,14}}";

/** What a caller reads who asks for a post that does not exist. */
export const noSuchPost = "There is no such post.";
