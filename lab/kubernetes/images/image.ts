/** What an image is here: programs of this machine, laid out in a container's own file tree. */

export interface Image {
  /** Folders of this machine by their path in the container; nobody can write to them. */
  folders: Record<string, string>;
  /** Small files by their path in the container, executable. */
  programs: Record<string, string>;
  environment: Record<string, string>;
  workingDirectory: string;
  /** Used where the pod gives no command. */
  entrypoint: string[];
  /** Used where the pod gives neither command nor arguments. */
  arguments: string[];
}

/** Where the small programs of images are; first on the PATH. */
export const imagePrograms = '/opt/image/bin';

/** `name`, without registry and tag, and `tag` of an image's reference; the digest is not looked at. */
export function parseReference(reference: string): { name: string; tag: string } {
  const [path] = reference.split('@') as [string];
  const [, repository = path, tag = 'latest'] = /^(.*?)(?::([\w.-]+))?$/.exec(path) ?? [];
  const parts = repository.split('/');
  // docker.io/redis, broxiva.azurecr.io/broxiva/api: the first part of a path is a registry where it has a dot or a port.
  if (parts.length > 1 && /[.:]/.test(parts[0]!)) parts.shift();
  if (parts.length > 1 && parts[0] === 'library') parts.shift();
  return { name: parts.join('/'), tag };
}
