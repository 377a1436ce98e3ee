"""Throwaway folders are in memory where there is room, and leave nothing."""

from pathlib import Path

from embedded.throwaway import throwaway_folder

NO_PROCESS = 2**22 + 1


def test_it_is_in_memory_and_gone_afterwards(tmp_path: Path) -> None:
    """Where there is room."""
    with throwaway_folder(in_memory=tmp_path, room_min_bytes=1) as folder:
        assert folder.parent == tmp_path
        (folder / "data").write_text("of nobody")
    assert not list(tmp_path.iterdir())


def test_without_room_it_is_elsewhere(tmp_path: Path) -> None:
    """A container may have 64 MB of it."""
    with throwaway_folder(in_memory=tmp_path, room_min_bytes=2**62) as folder:
        assert folder.is_dir()
        assert tmp_path not in folder.parents


def test_without_such_a_file_system_it_is_elsewhere(tmp_path: Path) -> None:
    """Not every system has one."""
    with throwaway_folder(in_memory=tmp_path / "none", room_min_bytes=1) as folder:
        assert folder.is_dir()


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    """What a living one has, and what is somebody else's, stays."""
    left = tmp_path / f"tintype-throwaway-{NO_PROCESS}-x"
    (left / "data").mkdir(parents=True)
    others = tmp_path / "somebody-else"
    others.mkdir()
    with (
        throwaway_folder(in_memory=tmp_path, room_min_bytes=1) as living,
        throwaway_folder(in_memory=tmp_path, room_min_bytes=1),
    ):
        assert not left.exists()
        assert living.is_dir()
        assert others.is_dir()
