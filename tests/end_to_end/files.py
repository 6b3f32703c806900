"""The ways in which watched files change."""

import json
import os
import pathlib


def manifest(*objects):
    """Returns Kubernetes objects as JSON text, which is also YAML."""
    return json.dumps({"apiVersion": "v1", "kind": "List",
                       "items": list(objects)}, indent=1)


def write_in_place(path, text):
    """Truncates and writes the same inode, like `echo > file`."""
    pathlib.Path(path).write_text(text)


def write_by_rename(path, text):
    """Replaces the file by a rename, as editors do."""
    path = pathlib.Path(path)
    new = path.with_name(f".{path.name}.new")
    new.write_text(text)
    new.rename(path)


class ConfigMapFolder:
    """A folder like a ConfigMap mounted by the kubelet: name -> ..data/name,
    ..data -> ..2006_01_02..., replaced as a whole."""

    def __init__(self, folder, files):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self._version = 0
        self.swap(files)

    def swap(self, files):
        self._version += 1
        name = f"..2026_01_02_03_04_05.{self._version:09}"
        version = self.folder / name
        version.mkdir()
        for file, text in files.items():
            (version / file).write_text(text)
        data = self.folder / "..data"
        before = os.readlink(data) if data.is_symlink() else None
        fresh = self.folder / "..data_tmp"
        fresh.symlink_to(name)
        fresh.rename(data)
        self._link(files)
        if before:
            for file in (self.folder / before).iterdir():
                file.unlink()
            (self.folder / before).rmdir()

    def _link(self, files):
        for file in files:
            if not (self.folder / file).is_symlink():
                (self.folder / file).symlink_to(f"..data/{file}")
        for link in self.folder.iterdir():
            if not link.name.startswith("..") and link.name not in files:
                link.unlink()
